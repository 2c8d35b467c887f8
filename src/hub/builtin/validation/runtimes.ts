/** What runs pods and their volumes on nodes (pkg/apis/{node,storage}/validation). */
import { child, duplicateValue, index, invalidValue, notSupported } from '../../../kube/field-error.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { type Toleration, tolerationCauses } from './pods.ts';
import { resourceCauses } from './resources.ts';
import { type Causes, dnsLabel } from './scalars.ts';
import { declaredImmutable, type Labels, labelCauses } from './selectors.ts';

export type RuntimeClass = KubeObject & {
  readonly handler?: string;
  readonly overhead?: { readonly podFixed?: Readonly<Record<string, string>> };
  readonly scheduling?: { readonly nodeSelector?: Labels; readonly tolerations?: readonly Toleration[] };
};

export function runtimeClassCauses(object: RuntimeClass, old: RuntimeClass | undefined): Causes {
  const { handler = '', overhead, scheduling } = object;
  return [
    ...dnsLabel(handler, 'handler'),
    ...(overhead ? resourceCauses({ limits: overhead.podFixed ?? {} }, 'overhead') : []),
    ...labelCauses(scheduling?.nodeSelector, 'scheduling.nodeSelector'),
    ...(scheduling?.tolerations ?? []).flatMap((toleration, at) =>
      tolerationCauses(toleration, index('scheduling.tolerations', at)),
    ),
    ...(old ? declaredImmutable(handler, old.handler ?? '', 'handler') : []),
  ];
}

export type CsiDriver = KubeObject & {
  readonly spec?: {
    readonly fsGroupPolicy?: string;
    readonly volumeLifecycleModes?: readonly string[];
    readonly tokenRequests?: readonly { readonly audience?: string; readonly expirationSeconds?: number }[];
  };
};

const OWNERSHIP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLES = ['Persistent', 'Ephemeral'];

export function csiDriverCauses({ spec = {} }: CsiDriver): Causes {
  const audiences = new Set<string>();
  return [
    ...(spec.fsGroupPolicy === undefined || OWNERSHIP_POLICIES.includes(spec.fsGroupPolicy)
      ? []
      : [notSupported('spec.fsGroupPolicy', spec.fsGroupPolicy, OWNERSHIP_POLICIES)]),
    ...(spec.tokenRequests ?? []).flatMap(({ audience = '', expirationSeconds }, at) => {
      const own = index('spec.tokenRequests', at);
      const twice = audiences.has(audience);
      audiences.add(audience);
      return [
        ...(twice ? [duplicateValue(child(own, 'audience'), audience)] : []),
        ...(expirationSeconds !== undefined && expirationSeconds < 600
          ? [
              invalidValue(
                child(own, 'expirationSeconds'),
                expirationSeconds,
                'may not specify a duration less than 10 minutes',
              ),
            ]
          : []),
      ];
    }),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode) =>
      LIFECYCLES.includes(mode) ? [] : [notSupported('spec.volumeLifecycleModes', mode, LIFECYCLES)],
    ),
  ];
}
