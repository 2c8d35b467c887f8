/** Where the hub answers otherwise than kube-apiserver, each with the reason. Anything else that differs fails. */
import type { Difference } from './compare.ts';

export interface KnownDifference {
  readonly reason: string;
  /** By sequence and step: how the paths of what differs within the answers begin. */
  readonly at: Readonly<Record<string, Readonly<Record<number, readonly string[]>>>>;
}

export const isKnown = ({ sequence, step, path }: Difference): boolean =>
  KNOWN_DIFFERENCES.some(({ at }) => at[sequence]?.[step]?.some((known) => path.startsWith(known)) === true);

/** Entries for a sequence that name what does not differ, or not any more. */
export const staleEntries = (sequence: string, found: readonly Difference[]): string[] =>
  KNOWN_DIFFERENCES.flatMap(({ at }) => Object.entries(at[sequence] ?? {})).flatMap(([step, paths]) =>
    paths
      .filter((known) => !found.some((one) => one.step === Number(step) && one.path.startsWith(known)))
      .map((known) => `step ${step}: ${known}`),
  );

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason: 'A workspace of the hub has no namespaces of the system.',
    at: { namespaces: { 12: ['status'] } },
  },
  {
    reason: 'The hub collects garbage; the kube-apiserver beside it runs without controllers.',
    at: { 'deployments: validation, defaults and generation': { 20: ['status'] } },
  },
  {
    reason: 'Upstream shows a line diff of its Go structures.',
    at: { 'other kinds': { 21: ['body.message', 'body.details.causes[0].message'] } },
  },
  {
    reason:
      'What leads nowhere is answered with a Status, so that it can be told from a fault on the way to the hub; upstream answers with plain text.',
    at: {
      'a definition becomes established, changes and goes': { 7: ['status'], 16: ['status'], 17: ['status'] },
      'objects: updates, status, scale, selectable fields, tables': { 37: ['status'] },
    },
  },
  {
    reason: 'Parsers word their faults otherwise: of YAML, and of JSON that ends within a literal.',
    at: {
      'malformed JSON': { 30: ['body.message'] },
      YAML: { 4: ['body.message'], 5: ['status'], 7: ['body.message'] },
      'apply: what is refused': { 9: ['body.message'], 10: ['body.message'] },
    },
  },
  {
    reason:
      'The hub takes no nesting beyond 1,000: everything that walks a body needs its frames (Go stops at 10,000).',
    at: { 'hostile JSON': { 5: ['status'] } },
  },
  {
    reason: 'A Scale has no table here.',
    at: { 'status and scale': { 25: ['status'] } },
  },
  {
    reason: 'kube-apiserver hangs up: a panic of its own.',
    at: {
      'objects: validation': {
        45: ['status'],
      },
    },
  },
  {
    reason: 'The answer to a write that ends an object has the version of its end, which watches tell too.',
    at: {
      'finalizers hold': {
        4: ['body.metadata.resourceVersion'],
      },
    },
  },
  {
    reason:
      'The hub empties namespaces itself, at once; the kube-apiserver beside it runs without the controller that does.',
    at: {
      namespaces: {
        17: [
          'body.metadata.managedFields[0].manager',
          'body.metadata.managedFields[0].fieldsV1.f:spec',
          'body.metadata.managedFields[0].fieldsV1.f:metadata',
          'body.metadata.managedFields[0].subresource',
          'body.metadata.managedFields[1].fieldsV1.f:metadata',
          'body.metadata.managedFields[1].fieldsV1.f:spec',
          'body.metadata.managedFields[1].subresource',
          'body.metadata.resourceVersion',
          'body.spec.finalizers',
        ],
        19: [
          'body.metadata.managedFields[0].manager',
          'body.metadata.managedFields[0].fieldsV1.f:spec',
          'body.metadata.managedFields[0].fieldsV1.f:metadata',
          'body.metadata.managedFields[0].subresource',
          'body.metadata.managedFields[1].fieldsV1.f:metadata',
          'body.metadata.managedFields[1].fieldsV1.f:spec',
          'body.metadata.managedFields[1].subresource',
          'body.spec.finalizers',
        ],
      },
    },
  },
  {
    reason: 'The hub gives a Service no addresses and no families: each cluster that runs it has its own.',
    at: {
      'names: too long, empty, of dots, in capitals, generated': {
        13: ['body.spec.clusterIP', 'body.spec.clusterIPs', 'body.spec.ipFamilies'],
      },
      'strategic merge patches': {
        21: ['body.spec.ipFamilies', 'body.spec.ipFamilyPolicy'],
        22: ['body.spec.ipFamilies', 'body.spec.ipFamilyPolicy'],
        23: ['body.spec.ipFamilies', 'body.spec.ipFamilyPolicy'],
        24: ['body.spec.ipFamilies', 'body.spec.ipFamilyPolicy'],
        25: ['body.spec.ipFamilies', 'body.spec.ipFamilyPolicy'],
      },
      services: {
        0: ['body.spec.ipFamilies'],
        10: ['body.spec.ipFamilies'],
        11: ['body.spec.ipFamilies'],
        13: ['body.spec.ipFamilies'],
      },
      'services that change their type': {
        0: ['body.spec.ipFamilies'],
        2: ['body.spec.ipFamilies'],
        4: ['body.spec.ipFamilies'],
        5: ['body.spec.ipFamilies'],
        6: ['body.spec.ipFamilies'],
      },
      warnings: { 32: ['body.spec.ipFamilies'], 33: ['body.spec.ipFamilies'] },
    },
  },
  {
    reason: 'A fault in a value is worded otherwise, or a value in an error is printed in another order.',
    at: {
      'a ConfigMap and a Secret that may not change': {
        14: ['body.message', 'body.details.causes[0].message'],
      },
      'too much in a ConfigMap, in annotations': {
        0: ['body.message', 'body.details.causes[0].field'],
        4: ['body.message', 'body.details.causes[0].message'],
      },
      'owner references and finalizers': {
        0: ['body.message', 'body.details.causes[0].message'],
        11: ['body.metadata.resourceVersion'],
      },
    },
  },
  {
    reason: 'A key that is twice in a body: Go merges the two objects, JSON.parse keeps the second.',
    at: {
      'field validation of unknown and duplicate fields': {
        4: ['body.metadata.managedFields[0].fieldsV1.f:data.f:a', 'body.data.a'],
        5: ['body.message', 'body.details.causes'],
        6: ['body.metadata.managedFields[0].fieldsV1.f:data.f:a', 'body.data.a'],
        7: ['body.message', 'body.details.causes'],
        8: ['headers.warning[0]', 'body.metadata.managedFields[0].fieldsV1.f:data.f:a', 'body.data.a'],
      },
    },
  },
  {
    reason:
      "A page of a list at version 0: upstream's cache ignores the limit, the hub keeps to it. A get does not look at its resourceVersion.",
    at: {
      'versions of lists and gets': {
        9: ['body.metadata.continue', 'body.metadata.remainingItemCount', 'body.items'],
        10: ['body.metadata.continue', 'body.metadata.remainingItemCount', 'body.items'],
        21: ['status'],
        24: ['status'],
      },
    },
  },
  {
    reason: 'The hub has no nodes.',
    at: {
      'field selectors': {
        27: ['status'],
      },
    },
  },
  {
    reason: 'The hub answers JSON where protobuf is accepted beside it.',
    at: {
      'tables and metadata': {
        30: ['status'],
        35: ['status'],
      },
    },
  },
  {
    reason:
      'Halves of surrogate pairs stay as they are in the hub (Go makes U+FFFD of them), and so do control characters in names that messages show.',
    at: {
      'malformed JSON': {
        25: ['body.message'],
        26: ['body.data.a'],
        41: ['body.items'],
      },
    },
  },
  {
    reason:
      'Kinds and paths that the hub does not serve: it has no pods to bind and no nodes, and a refusal is a Status always.',
    at: {
      'paths and methods that lead nowhere': {
        2: ['status'],
        13: ['body.apiVersion', 'body.resources'],
        14: ['status'],
        30: ['status'],
        34: ['status'],
        35: ['status'],
        36: ['status'],
      },
    },
  },
  {
    reason: 'Jobs, DaemonSets, claims and pods get labels, tolerations and finalizers in the cluster that runs them.',
    at: {
      warnings: {
        12: ['body.spec.tolerations', 'body.spec.priority', 'body.spec.preemptionPolicy'],
        21: ['body.metadata.finalizers'],
      },
      'other kinds': {
        5: ['body.metadata.labels', 'body.spec.template.metadata.labels', 'body.spec.selector'],
        7: ['body.metadata.labels', 'body.spec.template.metadata.labels', 'body.spec.selector'],
        16: ['body.metadata.managedFields[0].fieldsV1.f:metadata', 'body.metadata.annotations'],
        20: ['body.metadata.finalizers'],
        22: ['body.spec.tolerations', 'body.spec.priority', 'body.spec.preemptionPolicy'],
      },
    },
  },
  {
    reason:
      'CEL rules: parsers word their faults otherwise; upstream knows the types of all parts before it runs, and estimates what a rule may cost; `sortBy` and `format` are not served.',
    at: {
      'definitions that are refused': { 16: ['body.message', 'body.details.causes[0].message'] },
      'definitions: CEL faults': {
        5: ['body.message', 'body.details.causes[0].message'],
        8: ['status'],
        14: ['body.message', 'body.details.causes[0].message'],
        18: ['status'],
        25: ['status'],
        32: ['status'],
        33: ['status'],
        36: ['status'],
        57: ['body.message', 'body.details.causes'],
        60: ['body.message', 'body.details.causes'],
        61: ['body.message', 'body.details.causes'],
        62: ['status'],
        63: ['status'],
        64: ['status'],
      },
    },
  },
  {
    reason:
      'A status write is validated from the status on upstream, so its type faults lack the first step of the path.',
    at: {
      'objects: updates, status, scale, selectable fields, tables': {
        11: ['body.details.causes', 'body.message'],
      },
    },
  },
  {
    reason:
      'A patch that changes the kind: upstream reads the result as that kind before it sees that it is another one.',
    at: {
      'metadata that the server sets is not taken from the client': {
        8: ['body.message', 'body.details.causes'],
      },
    },
  },
  {
    reason:
      'Who owns what an older version of autoscalers keeps in annotations: upstream compares both versions, the hub the one that is written.',
    at: {
      'autoscalers: behavior in the older version': {
        2: ['body.metadata.managedFields[1].fieldsV1.f:spec.f:metrics'],
        3: ['body.metadata.managedFields[1].fieldsV1.f:spec.f:metrics'],
        4: ['body.rows[0].object.metadata.managedFields[1].fieldsV1.f:spec.f:metrics'],
      },
    },
  },
];
