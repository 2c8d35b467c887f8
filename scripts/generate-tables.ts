/**
 * Writes src/hub/builtin/tables.json: the types and discovery facts of the kinds that are built into Kubernetes, taken
 * from a running kube-apiserver and the protobuf definitions of the Go modules of the same version. Facts only: no
 * descriptions. Run it again to move to another Kubernetes version; the diff is what changed in the API.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { apiFacts } from './tables/api-facts.ts';
import { protobufMessages } from './tables/protobuf-messages.ts';
import { openSource } from './tables/source.ts';

const usage = `usage: tsx scripts/generate-tables.ts --from <url|folder> --modules <folder> [--out <file>]

  --from     base URL of a kube-apiserver without authentication (kubectl proxy), or a folder that holds its answers:
             version.json, discovery-api.json, discovery-apis.json (aggregated discovery v2), v3.json (/openapi/v3) and
             v3/<path>.json with / in the path written as __
  --modules  folder with the Go modules of that version, e.g. ~/go/pkg/mod/k8s.io: api@v0.X.Y, apimachinery@v0.X.Y,
             apiextensions-apiserver@v0.X.Y, kube-aggregator@v0.X.Y (get them by go mod download)
  --version  Kubernetes version, vX.Y.Z; default: what --from answers at /version
  --out      default src/hub/builtin/tables.json`;

const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    modules: { type: 'string' },
    version: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help || !values.from || !values.modules) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const source = openSource(values.from);
const version = values.version ?? (await source.version());
const facts = await apiFacts(source);
const messages = protobufMessages(values.modules, version, new Set(Object.keys(facts.definitions)));

/** One entry a line, keys sorted, so that a change of version reads as a diff. */
const section = (entries: Record<string, unknown>): string =>
  `{\n${Object.keys(entries)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(entries[key])}`)
    .join(',\n')}\n}`;
const lines = (entries: readonly unknown[]): string =>
  `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]`;

const text = `{
"version":${JSON.stringify(version)},
"groups":${lines(facts.groups)},
"resources":${lines(facts.resources)},
"definitions":${section(facts.definitions)},
"messages":${section(messages)}
}
`;
JSON.parse(text);
const out = values.out ?? fileURLToPath(new URL('../src/hub/builtin/tables.json', import.meta.url));
writeFileSync(out, text);
console.log(
  `${out}: ${Object.keys(facts.definitions).length} definitions, ${Object.keys(messages).length} messages, ` +
    `${facts.resources.length} resources of Kubernetes ${version}`,
);
