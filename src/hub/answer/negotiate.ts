/** Which representation of an answer the client accepts (apiserver `endpoints/handlers/negotiation`). */
import { LRUCache } from 'lru-cache';
import { ApiError, notAcceptable as notAcceptableMedia } from '../../kube/status.ts';

export type Media = 'application/json' | 'application/yaml';

/** As what an object or list is shown. */
export interface Form {
  readonly as: 'object' | 'table' | 'partial';
  /** meta.k8s.io version of Table and PartialObjectMetadata. */
  readonly version: 'v1' | 'v1beta1';
  readonly media: Media;
  /** Metadata of a list was asked for, not of one object. */
  readonly ofList?: boolean;
}

const PLAIN: Form = { as: 'object', version: 'v1', media: 'application/json' };
const MEDIA: Readonly<Record<string, Media>> = {
  'application/json': 'application/json',
  'application/yaml': 'application/yaml',
  '*/*': 'application/json',
};
/** Upstream lists these in its 406; collections can be watched too. */
const OFFERED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const OFFERED_STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

const notAcceptable = (collection: boolean): ApiError => {
  const offered = collection ? [...OFFERED, ...OFFERED_STREAMS] : OFFERED;
  return new ApiError(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`,
    {},
  );
};
const TRANSFORMS: Readonly<Record<string, Form['as']>> = {
  Table: 'table',
  PartialObjectMetadata: 'partial',
  PartialObjectMetadataList: 'partial',
};

export interface AcceptClause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Clauses of an Accept header, best first; equal weights keep their order. */
export function parseAccept(accept: string): AcceptClause[] {
  const clauses = accept
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const [type = '', ...parts] = text.split(';').map((part) => part.trim());
      const parameters = Object.fromEntries(
        parts.map((part): [string, string] => {
          const at = part.indexOf('=');
          return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
        }),
      );
      return { type: type.toLowerCase(), parameters };
    });
  const weight = (clause: AcceptClause) => Number(clause.parameters.q ?? 1);
  return clauses.sort((a, b) => weight(b) - weight(a));
}

/** Takes the Accept header, '' for none. `transforms` is false where only the plain object exists. Throws 406. */
export function negotiate(accept: string, transforms: boolean, collection = false): Form {
  if (accept === '') return PLAIN;
  const known = forms[transforms ? 1 : 0].get(accept);
  if (known !== undefined) return known;
  const form = chooseForm(accept, transforms, collection);
  forms[transforms ? 1 : 0].set(accept, form);
  return form;
}

/** Clients have few Accept headers and send one with every request. Refusals are worked out anew. */
const forms = [new LRUCache<string, Form>({ max: 100 }), new LRUCache<string, Form>({ max: 100 })] as const;

function chooseForm(accept: string, transforms: boolean, collection: boolean): Form {
  let known = false;
  for (const { type, parameters } of parseAccept(accept)) {
    const media = MEDIA[type];
    if (media === undefined) continue;
    known = true;
    if (parameters.as === undefined) return { ...PLAIN, media };
    const as = TRANSFORMS[parameters.as];
    const version = parameters.v;
    if (!transforms || as === undefined || parameters.g !== 'meta.k8s.io') continue;
    if (version !== 'v1' && version !== 'v1beta1') continue;
    return { as, version, media, ofList: parameters.as === 'PartialObjectMetadataList' };
  }
  // The media type was right, what it was to hold was not.
  throw known ? notAcceptableMedia(OFFERED) : notAcceptable(collection);
}

/** Whether the first media type that is known is YAML. */
export const prefersYaml = (accept: string): boolean =>
  parseAccept(accept).find(({ type }) => MEDIA[type] !== undefined)?.type === 'application/yaml';
