/** Objects of a realistic size. */

/** A running pod of about 2.5 KB, as a Deployment's would look; bound, so that no scheduler is needed. */
export const pod = (name: string, node: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    labels: { app: 'bench', 'pod-template-hash': '7d9c8b6f5d', tier: 'backend', team: 'platform' },
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
  },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'app',
        image: 'registry.example.com/platform/app:v1.2.3',
        ports: [{ name: 'http', containerPort: 8080 }],
        env: Array.from({ length: 8 }, (_, index) => ({ name: `SETTING_${index}`, value: `value-${index}` })),
        resources: { requests: { cpu: '1m', memory: '1Mi' } },
        readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
      },
    ],
  },
});

/** A ConfigMap of about 1 KB. */
export const configMap = (name: string, labels: Record<string, string> = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data: { 'settings.yaml': 'key: value\n'.repeat(80) },
});
