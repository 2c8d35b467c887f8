/** tmc.kcp.io/v1alpha1 ClusterRegistration: how to reach a cluster (MISSION C1). */
import { invalidValue, requiredValue } from '../../kube/field-error.ts';
import { labelKeyErrors, labelValueErrors } from '../../kube/label-syntax.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import {
  BOOLEAN,
  CONDITIONS,
  defineKind,
  LABEL_SELECTOR,
  list,
  object,
  oneOf,
  optional,
  STRING,
  STRING_MAP,
  STRINGS,
} from './define-kind.ts';
import { selectorCauses } from './selector-causes.ts';
import type { ClusterRegistration } from './workload.ts';

const WORKSPACE_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*(:\*)?$/;

function validate(given: KubeObject): StatusCause[] {
  const { spec } = given as ClusterRegistration;
  if (spec === undefined) return [];
  const causes: StatusCause[] = [];
  const url = spec.endpoint?.serverURL;
  if (typeof url === 'string' && !isServerUrl(url))
    causes.push(invalidValue('spec.endpoint.serverURL', url, 'must be https://host[:port] without credentials'));
  if (spec.endpoint?.caBundle !== undefined && !isBase64(spec.endpoint.caBundle))
    causes.push(invalidValue('spec.endpoint.caBundle', '<omitted>', 'must be base64-encoded PEM'));
  (spec.workspaces ?? []).forEach((workspace, at) => {
    if (!WORKSPACE_PATTERN.test(workspace))
      causes.push(
        invalidValue(
          `spec.workspaces[${at}]`,
          workspace,
          'must be a workspace path, with ":*" at its end for a subtree',
        ),
      );
  });
  (spec.taints ?? []).forEach((taint, at) => {
    if (!taint.key) causes.push(requiredValue(`spec.taints[${at}].key`));
    else
      for (const text of labelKeyErrors(taint.key))
        causes.push(invalidValue(`spec.taints[${at}].key`, taint.key, text));
    for (const text of labelValueErrors(taint.value ?? ''))
      causes.push(invalidValue(`spec.taints[${at}].value`, taint.value, text));
  });
  for (const [key, value] of Object.entries(spec.labels ?? {})) {
    for (const text of labelKeyErrors(key)) causes.push(invalidValue('spec.labels', key, text));
    for (const text of labelValueErrors(value)) causes.push(invalidValue('spec.labels', value, text));
  }
  causes.push(...selectorCauses(spec.sync?.selector, 'spec.sync.selector'));
  return causes;
}

function isServerUrl(text: string): boolean {
  try {
    const url = new URL(text);
    // Embedded clusters listen on loopback without TLS.
    const loopback = url.hostname === '127.0.0.1' || url.hostname === 'localhost' || url.hostname === '[::1]';
    const scheme = url.protocol === 'https:' || (url.protocol === 'http:' && loopback);
    return scheme && url.username === '' && url.password === '';
  } catch {
    return false;
  }
}

const isBase64 = (text: string): boolean => /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text);

export const CLUSTER_REGISTRATION = defineKind({
  group: 'tmc.kcp.io',
  version: 'v1alpha1',
  kind: 'ClusterRegistration',
  plural: 'clusterregistrations',
  shortNames: ['creg'],
  requiredSpec: true,
  spec: object(
    {
      endpoint: object(
        { serverURL: STRING, caBundle: STRING, serverName: STRING, insecureSkipTLSVerify: BOOLEAN },
        'serverURL',
      ),
      credentials: object({ secretRef: object({ namespace: STRING, name: STRING }, 'namespace', 'name') }, 'secretRef'),
      location: object({ region: STRING, zone: STRING, provider: STRING }),
      capabilities: STRINGS,
      taints: list(
        object(
          { key: STRING, value: STRING, effect: oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute') },
          'key',
          'effect',
        ),
      ),
      workspaces: STRINGS,
      namespaceMapping: optional(oneOf('Hashed', 'Identity'), 'Hashed'),
      impersonateUsers: BOOLEAN,
      mode: optional(oneOf('Push', 'Pull'), 'Push'),
      labels: STRING_MAP,
      sync: object({
        namespaces: STRINGS,
        resources: list(object({ group: optional(STRING, ''), resource: STRING }, 'resource')),
        selector: LABEL_SELECTOR,
        annotations: STRING_MAP,
      }),
    },
    'endpoint',
    'credentials',
  ),
  statusSchema: object({
    conditions: CONDITIONS,
    slot: { type: 'integer', format: 'int32' },
    kubernetesVersion: STRING,
    health: STRING,
    lastContactTime: STRING,
    capabilities: STRINGS,
  }),
  validate,
});
