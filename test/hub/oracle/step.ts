/** Sequences of requests as data. Everything in a sequence happens in a namespace of its own, called `{ns}`. */
export interface RequestStep {
  readonly method: string;
  /** `$0.metadata.uid` stands for what the first step answered, `{ns}` for the sequence's namespace. */
  readonly url: string;
  /** Bytes and strings are sent as they are, other values as JSON. */
  readonly body?: unknown;
  readonly patch?: 'json' | 'merge' | 'strategic' | 'apply';
  /** Content-Type; default that of the patch, or JSON. */
  readonly type?: string;
  readonly accept?: string;
  /** Asked again until both sides answer with this status: what controllers do takes a moment. */
  readonly until?: number;
  /** Asked again until the body holds this text, on both sides. */
  readonly untilText?: string;
}

export interface RequestSequence {
  readonly name: string;
  readonly steps: readonly RequestStep[];
}

export const NS = '/api/v1/namespaces/{ns}';
export const CM = `${NS}/configmaps`;
export const DEPLOY = '/apis/apps/v1/namespaces/{ns}/deployments';

export const sequence = (name: string, ...steps: RequestStep[]): RequestSequence => ({ name, steps });

type More = Pick<RequestStep, 'accept' | 'type' | 'until' | 'untilText'>;
export const post = (url: string, body: unknown, more: More = {}): RequestStep => ({
  method: 'POST',
  url,
  body,
  ...more,
});
export const get = (url: string, more: More = {}): RequestStep => ({ method: 'GET', url, ...more });
export const put = (url: string, body: unknown, more: More = {}): RequestStep => ({
  method: 'PUT',
  url,
  body,
  ...more,
});
export const del = (url: string, body?: unknown, more: More = {}): RequestStep => ({
  method: 'DELETE',
  url,
  ...(body === undefined ? {} : { body }),
  ...more,
});
export const patch = (
  kind: NonNullable<RequestStep['patch']>,
  url: string,
  body: unknown,
  more: More = {},
): RequestStep => ({
  method: 'PATCH',
  url,
  body,
  patch: kind,
  ...more,
});

export const configMap = (name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  ...more,
});

export const deployment = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, ...metadata },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    ...spec,
  },
});

export const service = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { ports: [{ port: 80 }], ...spec },
});
