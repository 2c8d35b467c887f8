import { describe, expect, it } from 'vitest';
import { parseTemplate, renderTemplate } from '../../../src/hub/kinds/transform-template.ts';

const values = {
  cluster: { name: 'east', labels: { tier: 'gold', 'topology.kubernetes.io/region': 'eu' } },
  workspace: 'root:shop',
  object: { name: 'web', namespace: 'default', labels: { app: 'web' }, annotations: {} },
};
const render = (text: string): string => renderTemplate(parseTemplate(text), values);

describe('a template', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['{{ .cluster.name }}', 'east'],
    ['{{.object.name}}.{{ .cluster.labels.tier }}.example', 'web.gold.example'],
    ['{{ index .cluster.labels "topology.kubernetes.io/region" }}-1', 'eu-1'],
    ['{{ .workspace }}/{{ .object.namespace }}', 'root:shop/default'],
  ])('%j gives %j', (text, rendered) => expect(render(text)).toBe(rendered));

  it.each([
    '{{ .cluster.uid }}',
    '{{ .cluster }}',
    '{{ .cluster.labels }}',
    '{{ cluster.name }}',
    '{{ if .cluster.name }}x{{ end }}',
    '{{ .cluster.name',
    'a }} b',
    '{{ .__proto__ }}',
    '{{ index .cluster.name "x" }}',
  ])('%j is refused when it is read', (text) => expect(() => parseTemplate(text)).toThrow());

  it('does not make half a value where a label is missing, or is only the prototype’s', () => {
    expect(() => render('{{ .cluster.labels.absent }}')).toThrow('{{ .cluster.labels.absent }} has no value here');
    expect(() => render('{{ .object.labels.constructor }}')).toThrow('has no value here');
  });
});
