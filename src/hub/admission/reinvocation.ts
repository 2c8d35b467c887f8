/** Which webhooks or policies the second round calls: those that ask for it and ran before a change (mutating/reinvocationcontext.go). */
import type { KubeObject } from '../../kube/object.ts';
import type { MutationRound } from '../core.ts';
import { deepEqual } from '../patch/json-value.ts';

export class Rounds {
  private readonly reinvocable = new Set<string>();
  private readonly due = new Set<string>();
  private last: KubeObject | undefined;

  begin({ number }: MutationRound, object: KubeObject): void {
    if (number === 1 && !deepEqual(this.last, object)) this.changed();
  }
  calls({ number }: MutationRound, id: string): boolean {
    return number === 0 || this.due.has(id);
  }
  changed(): void {
    for (const id of this.reinvocable) this.due.add(id);
    this.reinvocable.clear();
  }
  called(id: string, policy: 'Never' | 'IfNeeded' | undefined): void {
    if (policy === 'IfNeeded') this.reinvocable.add(id);
  }
  end(object: KubeObject): void {
    this.last = structuredClone(object);
  }
}
