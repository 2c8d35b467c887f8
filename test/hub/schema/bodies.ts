/** Bodies of creates, good and bad, for comparing how they are read. */
export interface Body {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly text: string;
}

const deployment = (name: string, spec: string, metadata = ''): Body => ({
  name,
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  kind: 'Deployment',
  text: `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"${metadata}},"spec":{"selector":{"matchLabels":{"a":"b"}},${spec}}}`,
});
const pod = (container: string, more = ''): string =>
  `"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"${container}}]${more}}}`;
const configMap = (name: string, text: string): Body => ({
  name,
  group: '',
  version: 'v1',
  resource: 'configmaps',
  kind: 'ConfigMap',
  text,
});

export const BODIES: readonly Body[] = [
  deployment('plain', pod('')),
  deployment('unknown field', `"foo":1,${pod('')}`),
  deployment(
    'unknown fields in lists and maps',
    pod(',"nope":{"x":1},"ports":[{"containerPort":80,"zzz":1}]', ',"bar":[]'),
  ),
  deployment('duplicate fields', `"replicas":1,"replicas":2,${pod(',"image":"j"')}`),
  deployment('duplicate and unknown together', `"replicas":1,"replicas":2,"x y":1,${pod('')}`),
  deployment('duplicate map key', pod(''), ',"labels":{"k":"1","k":"2"}'),
  deployment('duplicate unknown field', `"zap":1,"zap":2,${pod('')}`),
  deployment('string for integer', `"replicas":"2",${pod('')}`),
  deployment('fraction for integer', `"replicas":1.5,${pod('')}`),
  deployment('integer too big', `"replicas":3000000000,${pod('')}`),
  deployment('object for list', pod('', ',"volumes":{}')),
  deployment('list for object', `"strategy":[],${pod('')}`),
  deployment('number for a named string', pod(',"imagePullPolicy":5')),
  deployment('number for string', pod(',"workingDir":5')),
  deployment('string for boolean', `"paused":"true",${pod('')}`),
  deployment('list for map', pod(''), ',"labels":[]'),
  deployment('number in a map of strings', pod(''), ',"labels":{"a":1}'),
  deployment('number in a list of strings', pod(',"args":["a",1]')),
  deployment(
    'nulls everywhere',
    `"replicas":null,"strategy":null,${pod(',"env":null,"resources":null')}`,
    ',"labels":null',
  ),
  deployment(
    'empty optional values',
    `"paused":false,"minReadySeconds":0,${pod(',"args":[],"env":[],"workingDir":"","resources":{},"stdin":false')}`,
  ),
  deployment(
    'empty pointers',
    `"replicas":0,${pod(',"securityContext":{},"livenessProbe":{"exec":{}}', ',"affinity":{}')}`,
  ),
  deployment(
    'quantities',
    pod(',"resources":{"limits":{"cpu":"1000m","memory":"1024Mi"},"requests":{"cpu":0.5,"memory":"1e3"}}'),
  ),
  deployment('bad quantity', pod(',"resources":{"limits":{"cpu":"lots"}}')),
  {
    name: 'times',
    group: 'coordination.k8s.io',
    version: 'v1',
    resource: 'leases',
    kind: 'Lease',
    text: '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"renewTime":"2020-01-01T02:00:00.500000+02:00"}}',
  },
  deployment('bad time', pod(''), ',"creationTimestamp":"yesterday"'),
  deployment(
    'int or string',
    `"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},${pod('')}`,
  ),
  deployment('bad int or string', `"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":true}},${pod('')}`),
  deployment(
    'prototype names',
    pod(''),
    ',"labels":{"constructor":"x","toString":"y"},"__proto__":{"a":1},"constructor":1',
  ),
  configMap('binary data', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"binaryData":{"a":"AAEC"}}'),
  configMap('bad base64', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"binaryData":{"a":"A*EC"}}'),
  configMap(
    'number for binary data',
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"binaryData":{"a":1}}',
  ),
  configMap('nulls in a map', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":null}}'),
  configMap('truncated', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"'),
  {
    name: 'bad micro time',
    group: 'coordination.k8s.io',
    version: 'v1',
    resource: 'leases',
    kind: 'Lease',
    text: '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"renewTime":"2020-01-01T02:00:00.5Z"}}',
  },
  configMap('garbage', 'not json at all, and rather long so that it is cut'),
  configMap('trailing comma', '{"apiVersion":"v1","kind":"ConfigMap",}'),
  configMap('missing comma', '{"apiVersion":"v1" "kind":"ConfigMap"}'),
  configMap('missing colon', '{"apiVersion" "v1"}'),
  configMap('bad element', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"finalizers":["a" "b"]}}'),
  configMap('data after the end', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}} x'),
];
