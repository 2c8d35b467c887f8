/** Amounts of memory and disk that are no whole bytes (pkg/api/pod/warnings.go, pkg/api/persistentvolumeclaim/util.go). */
import { type FieldPath, index } from '../../../kube/field-error.ts';
import { parseQuantity } from '../../../kube/quantity.ts';

const NANO = 1_000_000_000n;

/** Takes amounts that are valid; of them, the named ones are looked at. */
export const fractionalBytes = (
  amounts: Readonly<Record<string, unknown>> | undefined,
  path: FieldPath,
  names: readonly string[],
): string[] =>
  names.flatMap((name) => {
    const amount = amounts?.[name];
    return amount === undefined || parseQuantity(String(amount)).nanos % NANO === 0n
      ? []
      : [
          `${index(path, name)}: fractional byte value ${JSON.stringify(String(amount))} is invalid, must be an integer`,
        ];
  });
