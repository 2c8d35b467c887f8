import { expect, test } from 'vitest';
import { completeAddresses, prepareService } from '../../../src/hub/catalog/service-rules.ts';
import type { KubeObject } from '../../../src/kube/object.ts';

const service = (spec: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's' },
  spec: { type: 'ClusterIP', ...spec },
});

test.each([
  [
    'a given address is the first of its addresses',
    { clusterIP: '10.0.0.1', selector: {} },
    ['10.0.0.1'],
    'SingleStack',
  ],
  ['a headless service has None of them', { clusterIP: 'None', selector: {} }, ['None'], 'SingleStack'],
  ['one without selector follows its endpoints, of whatever family', { clusterIP: 'None' }, ['None'], undefined],
  ['no address is chosen here', { selector: {} }, undefined, 'SingleStack'],
  ['an external name has none', { type: 'ExternalName', externalName: 'x' }, undefined, undefined],
])('%s', (_, spec, clusterIPs, ipFamilyPolicy) => {
  const object = service(spec);
  completeAddresses(object);
  expect(object.spec).toEqual({
    type: 'ClusterIP',
    ...spec,
    ...(clusterIPs && { clusterIPs }),
    ...(ipFamilyPolicy && { ipFamilyPolicy }),
  });
});

const balanced = {
  type: 'LoadBalancer',
  clusterIP: '10.0.0.1',
  clusterIPs: ['10.0.0.1'],
  ipFamilyPolicy: 'SingleStack',
  externalTrafficPolicy: 'Cluster',
  internalTrafficPolicy: 'Cluster',
  allocateLoadBalancerNodePorts: true,
  ports: [{ port: 80, nodePort: 30_080 }],
};

test('what only the old type used goes with it', () => {
  const object = service({ ...structuredClone(balanced), type: 'ExternalName', externalName: 'x' });
  prepareService(object, service(balanced));
  expect(object.spec).toEqual({ type: 'ExternalName', externalName: 'x', ports: [{ port: 80 }] });
});

test('what is given anew with another type stays', () => {
  const object = service({ ...structuredClone(balanced), type: 'ClusterIP', externalTrafficPolicy: 'Local' });
  prepareService(object, service(balanced));
  expect(object.spec).toMatchObject({ clusterIP: '10.0.0.1', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] });
  expect(object.spec).not.toHaveProperty('allocateLoadBalancerNodePorts');
});
