/** What is wrong with a label selector in a kind of TMC: said when it is written, not when it is used. */
import { invalidValue } from '../../kube/field-error.ts';
import { fromLabelSelector } from '../../kube/selector.ts';
import type { StatusCause } from '../../kube/status.ts';
import type { LabelSelector } from './workload.ts';

export function selectorCauses(selector: LabelSelector | undefined, at: string): StatusCause[] {
  try {
    if (selector !== undefined) fromLabelSelector(selector);
    return [];
  } catch (error) {
    return [invalidValue(at, selector, error instanceof Error ? error.message : String(error))];
  }
}
