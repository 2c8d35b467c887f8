/** The CRD of `Widget`: two versions that a webhook converts. */
const text = { type: 'string' };
const version = (name: string, storage: string, spec: object, field: string) => ({
  name,
  served: true,
  storage: name === storage,
  subresources: { status: {} },
  additionalPrinterColumns: [{ name: field, type: 'string', jsonPath: `.spec.${field}` }],
  selectableFields: [{ jsonPath: `.spec.${field}` }],
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { ...spec, size: { type: 'string', default: `of ${name}` } } },
        status: { type: 'object', properties: { ready: { type: 'boolean' } } },
      },
    },
  },
});

export const widgetVersions = (storage: 'v1' | 'v2'): object[] => [
  version('v1', storage, { host: text, port: { type: 'integer' } }, 'host'),
  version('v2', storage, { address: text }, 'address'),
];

export const widgetCrd = (
  name: string,
  storage: 'v1' | 'v2',
  clientConfig: { readonly url: string; readonly caBundle: string },
): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${name}.example.com` },
  spec: {
    group: `${name}.example.com`,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: widgetVersions(storage),
    conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } },
  },
});
