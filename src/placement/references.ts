/** What an object needs beside it to work: names of other objects of its namespace that must follow it. */

import { at, list, text } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { podTemplate } from './pod-template.ts';

export interface Reference extends GroupResource {
  readonly name: string;
}

type Finder = (value: unknown) => readonly (Reference | undefined)[];

const core =
  (resource: string) =>
  (value: unknown): Reference | undefined => {
    const name = text(value);
    return name === undefined ? undefined : { group: '', resource, name };
  };
const configMap = core('configmaps');
const secret = core('secrets');
const serviceAccount = core('serviceaccounts');
const claim = core('persistentvolumeclaims');
const service = core('services');

const fromContainer: Finder = (container) => [
  ...list(at(container, 'env')).flatMap((variable) => [
    configMap(at(variable, 'valueFrom', 'configMapKeyRef', 'name')),
    secret(at(variable, 'valueFrom', 'secretKeyRef', 'name')),
  ]),
  ...list(at(container, 'envFrom')).flatMap((source) => [
    configMap(at(source, 'configMapRef', 'name')),
    secret(at(source, 'secretRef', 'name')),
  ]),
];

/** Volume types that read a Secret, with the field that names it. */
const SECRET_VOLUMES: readonly (readonly string[])[] = [
  ['secret', 'secretName'],
  ['csi', 'nodePublishSecretRef', 'name'],
  ['cephfs', 'secretRef', 'name'],
  ['flexVolume', 'secretRef', 'name'],
  ['iscsi', 'secretRef', 'name'],
  ['rbd', 'secretRef', 'name'],
  ['scaleIO', 'secretRef', 'name'],
  ['storageos', 'secretRef', 'name'],
  ['azureFile', 'secretName'],
];

const fromVolume: Finder = (volume) => [
  configMap(at(volume, 'configMap', 'name')),
  claim(at(volume, 'persistentVolumeClaim', 'claimName')),
  ...SECRET_VOLUMES.map((path) => secret(at(volume, ...path))),
  ...list(at(volume, 'projected', 'sources')).flatMap((source) => [
    configMap(at(source, 'configMap', 'name')),
    secret(at(source, 'secret', 'name')),
  ]),
];

const fromPodSpec: Finder = (spec) => [
  ...['containers', 'initContainers', 'ephemeralContainers'].flatMap((field) =>
    list(at(spec, field)).flatMap(fromContainer),
  ),
  ...list(at(spec, 'volumes')).flatMap(fromVolume),
  ...list(at(spec, 'imagePullSecrets')).map((reference) => secret(at(reference, 'name'))),
  serviceAccount(at(spec, 'serviceAccountName') ?? 'default'),
];

const ingressBackend = (backend: unknown): Reference | undefined => service(at(backend, 'service', 'name'));

/** Kinds that name others outside of a pod template. */
const BY_KIND: Readonly<Record<string, Finder>> = {
  ServiceAccount: (object) => list(at(object, 'imagePullSecrets')).map((reference) => secret(at(reference, 'name'))),
  StatefulSet: (object) => [service(at(object, 'spec', 'serviceName'))],
  Ingress: (object) => [
    ingressBackend(at(object, 'spec', 'defaultBackend')),
    ...list(at(object, 'spec', 'rules')).flatMap((rule) =>
      list(at(rule, 'http', 'paths')).map((path) => ingressBackend(at(path, 'backend'))),
    ),
    ...list(at(object, 'spec', 'tls')).map((tls) => secret(at(tls, 'secretName'))),
  ],
  RoleBinding: (object) =>
    list(at(object, 'subjects'))
      .filter((subject) => at(subject, 'kind') === 'ServiceAccount')
      .map((subject) => serviceAccount(at(subject, 'name'))),
};

/** Each once, in the order in which they are named. */
export function referencesOf(object: KubeObject): readonly Reference[] {
  const template = podTemplate(object);
  const byKind = Object.hasOwn(BY_KIND, object.kind) ? BY_KIND[object.kind]?.(object) : undefined;
  const found = [...(template === undefined ? [] : fromPodSpec(template.spec)), ...(byKind ?? [])];
  const unique = new Map<string, Reference>();
  for (const reference of found) if (reference) unique.set(`${reference.resource}/${reference.name}`, reference);
  return [...unique.values()];
}
