/** Services, endpoints, ingress classes and network policies (pkg/apis/{core,discovery,networking}/v1/defaults.go). */
import type { Json } from '../../../kube/object.ts';
import { constants, type DefaultingRules, ensure, type Fields, fill, listIn, objectIn } from './fields.ts';

const NETWORKING = 'io.k8s.api.networking.v1.';

export const serviceDefaults: DefaultingRules = {
  'io.k8s.api.core.v1.Service': service,
  'io.k8s.api.core.v1.EndpointPort': constants({ protocol: 'TCP' }),
  'io.k8s.api.discovery.v1.EndpointPort': constants({ name: '', protocol: 'TCP' }),
  [`${NETWORKING}NetworkPolicyPort`]: constants({ protocol: 'TCP' }),
  [`${NETWORKING}NetworkPolicySpec`]: policyTypes,
  [`${NETWORKING}IngressClassSpec`]: (spec) => {
    const parameters = objectIn(spec, 'parameters');
    if (parameters) fill(parameters, { scope: 'Cluster' });
  },
};

function service(value: Fields): void {
  const spec = ensure(value, 'spec');
  fill(spec, { sessionAffinity: 'None', type: 'ClusterIP' });
  sessionAffinity(spec);
  for (const port of listIn(spec, 'ports')) {
    fill(port, { protocol: 'TCP' });
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') {
      port.targetPort = port.port as Json;
    }
  }
  const { type } = spec;
  const balanced = type === 'LoadBalancer';
  const external = balanced || type === 'NodePort' || (type === 'ClusterIP' && listIn(spec, 'externalIPs').length > 0);
  if (external) fill(spec, { externalTrafficPolicy: 'Cluster' });
  if (type !== 'ExternalName') fill(spec, { internalTrafficPolicy: 'Cluster' });
  if (!balanced) return;
  fill(spec, { allocateLoadBalancerNodePorts: true });
  const status = objectIn(value, 'status');
  const balancer = status && objectIn(status, 'loadBalancer');
  for (const ingress of balancer ? listIn(balancer, 'ingress') : []) {
    if (ingress.ip !== undefined) fill(ingress, { ipMode: 'VIP' });
  }
}

function sessionAffinity(spec: Fields): void {
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  const config = objectIn(spec, 'sessionAffinityConfig');
  if ((config && objectIn(config, 'clientIP'))?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10_800 } };
  }
}

function policyTypes(spec: Fields): void {
  if (listIn(spec, 'policyTypes').length > 0) return;
  spec.policyTypes = listIn(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}
