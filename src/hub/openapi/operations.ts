/** The paths and operations of a served resource, free of the dialect in which they are written (apiserver installer.go). */
import { apiVersionOf, type GroupVersionKind, type ResourceInfo } from '../../kube/resource.ts';
import {
  byName,
  CONNECTS,
  DELETE,
  DELETE_COLLECTION,
  LIST,
  LOG,
  PATCH,
  type Parameter,
  PRETTY,
  path,
  WRITE,
} from './parameters.ts';
import { definitionNameOf, listKindOf, type ServedType } from './served-type.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

export interface Operation {
  readonly method: Method;
  readonly id: string;
  readonly tag: string;
  /** x-kubernetes-action. */
  readonly action: string;
  readonly gvk: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  /** Definition of the request body; patches have several media types. */
  readonly body?: { readonly definition: string; readonly required: boolean; readonly patch: boolean };
  /** Definition by success code; undefined is a plain string. */
  readonly responses: readonly (readonly [code: number, definition: string | undefined])[];
  readonly streams: boolean;
  readonly custom: boolean;
}

export interface PathItem {
  readonly path: string;
  readonly operations: readonly Operation[];
  readonly parameters: readonly Parameter[];
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
/** Kinds whose DELETE answers with the deleted object (ReturnDeletedObject in upstream's registries). */
const RETURNS_DELETED: Readonly<Record<string, readonly string[]>> = {
  '': [
    'persistentvolumeclaims',
    'persistentvolumes',
    'pods',
    'podtemplates',
    'resourcequotas',
    'serviceaccounts',
    'services',
  ],
  'resource.k8s.io': ['deviceclasses', 'resourceclaims', 'resourceclaimtemplates', 'resourceslices'],
  'storage.k8s.io': ['csidrivers', 'csinodes', 'storageclasses', 'volumeattachments', 'volumeattributesclasses'],
};
const returnsDeleted = (info: ResourceInfo): boolean => RETURNS_DELETED[info.group]?.includes(info.resource) ?? false;

/** Collections, items and subresources of one resource. */
export function pathsOf(type: ServedType): readonly PathItem[] {
  const { info } = type;
  const root = info.group === '' ? `/api/${info.version}` : `/apis/${apiVersionOf(info)}`;
  const scope = info.namespaced ? '/namespaces/{namespace}' : '';
  const collection = `${root}${scope}/${info.resource}`;
  const scoped = info.namespaced ? path('namespace') : [];
  const has = (verb: string): boolean => info.verbs.includes(verb);
  const items: PathItem[] = [
    ...(info.namespaced && has('list')
      ? [
          {
            path: `${root}/${info.resource}`,
            operations: [
              {
                ...operation(type, 'list'),
                id: `${idOf('list', { ...info, namespaced: false }, info.kind, '')}ForAllNamespaces`,
              },
            ],
            parameters: PRETTY,
          },
        ]
      : []),
    {
      path: collection,
      operations: ['list', 'create', 'deletecollection'].filter(has).map((verb) => operation(type, verb)),
      parameters: byName(scoped, PRETTY),
    },
    {
      path: `${collection}/{name}`,
      operations: ['get', 'update', 'delete', 'patch'].filter(has).map((verb) => operation(type, verb)),
      parameters: byName(path('name'), scoped, PRETTY),
    },
    ...info.subresources.map((subresource) => ({
      path: `${collection}/{name}/${subresource.name}`,
      operations: Object.hasOwn(CONNECTS, subresource.name)
        ? connects(type, subresource)
        : subresourceOperations(type, subresource),
      parameters: byName(path('name'), scoped, CONNECTS[subresource.name] ?? PRETTY),
    })),
  ];
  return items.filter((item) => item.operations.length > 0).map(hoisted);
}

/** kube-openapi moves parameters that all operations of a path share to the path. */
function hoisted(item: PathItem): PathItem {
  const [only, ...others] = item.operations;
  if (!only || others.length > 0) return item;
  return {
    ...item,
    operations: [{ ...only, parameters: [] }],
    parameters: byName(only.parameters, item.parameters),
  };
}

type Subresource = ResourceInfo['subresources'][number];

const subresourceOperations = (type: ServedType, subresource: Subresource): readonly Operation[] =>
  ['get', 'create', 'update', 'patch', 'delete']
    .filter((verb) => subresource.verbs.includes(verb))
    .map((verb) => operation(type, verb, subresource));

function connects(type: ServedType, subresource: Subresource): readonly Operation[] {
  const methods: readonly (readonly [string, Method])[] = [
    ['get', 'get'],
    ['create', 'post'],
    ['update', 'put'],
    ['delete', 'delete'],
    ['patch', 'patch'],
  ];
  return methods
    .filter(([verb]) => subresource.verbs.includes(verb))
    .map(([, method]) => ({
      ...base(type, subresource),
      method,
      id: idOf(`connect`, type.info, type.info.kind, titled(subresource.name), titled(method)),
      action: 'connect',
      parameters: [],
      responses: [[200, undefined]],
    }));
}

const base = (type: ServedType, subresource?: Subresource) => ({
  tag: tagOf(type.info),
  gvk: {
    group: subresource?.version ? (subresource.group ?? '') : type.info.group,
    version: subresource?.version ?? type.info.version,
    kind: subresource?.kind ?? type.info.kind,
  },
  streams: false,
  custom: type.custom,
});

function operation(type: ServedType, verb: string, subresource?: Subresource): Operation {
  const { info } = type;
  const shared = base(type, subresource);
  const definition = definitionNameOf(shared.gvk);
  const id = (name: string, middle = ''): string =>
    idOf(name, info, info.kind, subresource ? titled(subresource.name) : '', middle);
  const body = { definition, required: true, patch: false };
  const ok = (...codes: number[]): Operation['responses'] => codes.map((code) => [code, definition]);
  switch (verb) {
    case 'list': {
      const list = definitionNameOf({ ...info, kind: listKindOf(info) });
      return {
        ...shared,
        method: 'get',
        id: id('list'),
        action: 'list',
        parameters: LIST,
        responses: [[200, list]],
        streams: true,
      };
    }
    case 'create':
      return {
        ...shared,
        method: 'post',
        id: id('create'),
        action: 'post',
        parameters: WRITE,
        body,
        responses: ok(200, 201, 202),
      };
    case 'update':
      return {
        ...shared,
        method: 'put',
        id: id('replace'),
        action: 'put',
        parameters: WRITE,
        body,
        responses: ok(200, 201),
      };
    case 'patch': {
      const patch = { definition: `${META}Patch`, required: true, patch: true };
      return {
        ...shared,
        method: 'patch',
        id: id('patch'),
        action: 'patch',
        parameters: PATCH,
        body: patch,
        responses: ok(200, 201),
      };
    }
    case 'delete':
    case 'deletecollection': {
      const whole = verb === 'deletecollection';
      return {
        ...shared,
        method: 'delete',
        id: id('delete', whole ? 'Collection' : ''),
        action: verb,
        parameters: whole ? DELETE_COLLECTION : DELETE,
        body: { definition: `${META}DeleteOptions`, required: false, patch: false },
        responses: (whole ? [200] : [200, 202]).map((code) => [
          code,
          whole || !returnsDeleted(info) ? `${META}Status` : definition,
        ]),
      };
    }
    default: {
      const text = subresource?.name === 'log';
      return {
        ...shared,
        method: 'get',
        id: id('read'),
        action: 'get',
        parameters: text ? LOG : [],
        responses: [[200, text ? undefined : definition]],
      };
    }
  }
}

const titled = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** `rbac.authorization.k8s.io` → `RbacAuthorization`. */
const groupTitle = (group: string): string =>
  group === ''
    ? 'Core'
    : group
        .replace(/\.k8s\.io$/, '')
        .split('.')
        .map(titled)
        .join('');

function tagOf(info: ResourceInfo): string {
  const group = groupTitle(info.group);
  return `${group.charAt(0).toLowerCase()}${group.slice(1)}_${info.version}`;
}

function idOf(verb: string, info: ResourceInfo, kind: string, suffix: string, middle = ''): string {
  const scope = info.namespaced ? 'Namespaced' : '';
  return `${verb}${groupTitle(info.group)}${titled(info.version)}${middle}${scope}${kind}${suffix}`.replace(/-/g, '');
}
