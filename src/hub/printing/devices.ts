/** Dynamic resource allocation. */
import type { KubeObject } from '../../kube/object.ts';
import { ageOf, nameOf, since } from './cells.ts';
import { AGE, column, NAME } from './columns.ts';
import { type Printer, type Printers, printer } from './printer.ts';

interface ClaimShape {
  readonly status?: { readonly allocation?: object; readonly reservedFor?: readonly unknown[] };
}

const nameAndAge: Printer = printer([NAME, AGE], (object, now) => [nameOf(object), ageOf(object, now)]);

const GROUP = 'resource.k8s.io';

export const devicePrinters: Printers = {
  [`${GROUP}/DeviceClass`]: nameAndAge,
  [`${GROUP}/ResourceClaimTemplate`]: nameAndAge,
  [`${GROUP}/ResourceClaim`]: printer<ClaimShape>(
    [NAME, column('State', 'Whether devices are allocated and reserved.'), AGE],
    (object, now) => [nameOf(object), claimState(object), ageOf(object, now)],
  ),
  [`${GROUP}/ResourceSlice`]: printer<{ spec?: { nodeName?: string; driver?: string; pool?: { name?: string } } }>(
    [
      NAME,
      column('Node', 'Node that has the devices.'),
      column('Driver', 'Driver that publishes them.'),
      column('Pool', 'Pool that they belong to.'),
      AGE,
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.nodeName ?? '',
      object.spec?.driver ?? '',
      object.spec?.pool?.name ?? '',
      ageOf(object, now),
    ],
  ),
  [`${GROUP}/DeviceTaintRule`]: printer<{
    spec?: { taint?: { key?: string; value?: string; effect?: string; timeAdded?: string } };
  }>(
    [
      NAME,
      column('Key', 'Key of the taint.'),
      column('Value', 'Value of the taint.'),
      column('Effect', 'What the taint does.'),
      column('TimeAdded', 'Time since the taint was added.'),
      AGE,
    ],
    (object, now) => {
      const { key = '', value = '', effect = '', timeAdded } = object.spec?.taint ?? {};
      return [nameOf(object), key, value, effect, timeAdded ? since(timeAdded, now) : '', ageOf(object, now)];
    },
  ),
};

function claimState(object: KubeObject & ClaimShape): string {
  const deleted = object.metadata.deletionTimestamp !== undefined;
  const { allocation, reservedFor = [] } = object.status ?? {};
  const states = [
    ...(deleted ? ['deleted'] : []),
    ...(allocation ? ['allocated'] : deleted ? [] : ['pending']),
    ...(allocation && reservedFor.length > 0 ? ['reserved'] : []),
  ];
  return states.join(',');
}
