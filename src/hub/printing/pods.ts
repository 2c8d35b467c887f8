/** Pods: STATUS, READY and RESTARTS are computed from the containers' states, as kubectl users know them. */
import type { KubeObject } from '../../kube/object.ts';
import type { TableRowCondition } from '../../kube/table.ts';
import {
  ageOf,
  type ConditionShape,
  type ContainerShape,
  containerCells,
  isTrue,
  labelsText,
  nameOf,
  since,
  type TemplateShape,
} from './cells.ts';
import { AGE, column, NAME, wide } from './columns.ts';
import { type Printers, printer } from './printer.ts';

interface Terminated {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly finishedAt?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { reason?: string };
    readonly running?: object;
    readonly terminated?: Terminated;
  };
  readonly lastState?: { readonly terminated?: Terminated };
}

interface PodShape {
  readonly spec?: {
    readonly containers?: readonly ContainerShape[];
    readonly initContainers?: readonly ContainerShape[];
    readonly nodeName?: string;
    readonly readinessGates?: readonly { readonly conditionType: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip?: string }[];
    readonly nominatedNodeName?: string;
    readonly conditions?: readonly ConditionShape[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

type Pod = KubeObject & PodShape;

/** What the containers' states add up to. */
interface Summary {
  status: string;
  ready: number;
  restarts: number;
  /** Newest end of an earlier run, milliseconds; 0: none. */
  lastRestart: number;
}

export const podPrinters: Printers = {
  '/Pod': printer<PodShape>(
    [
      NAME,
      column('Ready', 'Containers that are ready, of all.'),
      column('Status', 'What the states of the containers add up to.'),
      column('Restarts', 'How often containers were restarted, and when last.'),
      AGE,
      wide('IP', 'Address of the pod.'),
      wide('Node', 'Node that the pod runs on.'),
      wide('Nominated Node', 'Node that lower pods make room on.'),
      wide('Readiness Gates', 'Further conditions that are true, of those required.'),
    ],
    podCells,
    completion,
  ),
  '/PodTemplate': printer<{ template?: TemplateShape }>(
    [
      NAME,
      column('Containers', 'Names of the containers in the template.'),
      column('Images', 'Images of the containers in the template.'),
      column('Pod Labels', 'Labels of the template.'),
    ],
    (object) => [
      nameOf(object),
      ...containerCells(object.template?.spec?.containers),
      labelsText(object.template?.metadata?.labels),
    ],
  ),
};

function podCells(pod: Pod, now: number): unknown[] {
  const { spec = {}, status = {} } = pod;
  const { status: text, ready, restarts, lastRestart } = summarize(pod);
  const sidecars = (spec.initContainers ?? []).filter(isSidecar).length;
  const ago = restarts !== 0 && lastRestart !== 0 ? ` (${since(new Date(lastRestart).toISOString(), now)} ago)` : '';
  return [
    nameOf(pod),
    `${ready}/${(spec.containers ?? []).length + sidecars}`,
    text,
    `${restarts}${ago}`,
    ageOf(pod, now),
    status.podIPs?.[0]?.ip || '<none>',
    spec.nodeName || '<none>',
    status.nominatedNodeName || '<none>',
    readinessGates(pod),
  ];
}

const isSidecar = (container: ContainerShape | undefined): boolean => container?.restartPolicy === 'Always';

function summarize(pod: Pod): Summary {
  const { status = {} } = pod;
  const phase = status.phase ?? '';
  const gated = status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  const start: Summary = {
    status: gated ? 'SchedulingGated' : status.reason || phase,
    ready: 0,
    restarts: 0,
    lastRestart: 0,
  };
  const { summary: initial, sidecars, initializing } = summarizeInit(pod, start);
  const summary =
    initializing && !isTrue(status.conditions, 'Initialized') ? initial : summarizeMain(pod, initial, sidecars);
  if (pod.metadata.deletionTimestamp === undefined) return summary;
  if (status.reason === 'NodeLost') return { ...summary, status: 'Unknown' };
  return phase === 'Succeeded' || phase === 'Failed' ? summary : { ...summary, status: 'Terminating' };
}

/** Init containers in order, up to the first that has not finished. Restarts of sidecars are counted apart as well. */
function summarizeInit(pod: Pod, start: Summary): { summary: Summary; sidecars: Summary; initializing: boolean } {
  const summary = { ...start };
  const sidecars = { ...start };
  const containers = new Map((pod.spec?.initContainers ?? []).map((container) => [container.name, container]));
  for (const [position, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    countRestarts(summary, container);
    const sidecar = isSidecar(containers.get(container.name));
    if (sidecar) countRestarts(sidecars, container);
    const { terminated } = container.state ?? {};
    if (terminated && (terminated.exitCode ?? 0) === 0) continue;
    if (sidecar && container.started) {
      if (container.ready) summary.ready++;
      continue;
    }
    summary.status = initStatus(container, position, containers.size);
    return { summary, sidecars, initializing: true };
  }
  return { summary, sidecars, initializing: false };
}

function initStatus(container: ContainerStatus, position: number, count: number): string {
  const { terminated, waiting } = container.state ?? {};
  if (terminated) return `Init:${endOf(terminated)}`;
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
  return `Init:${position}/${count}`;
}

const endOf = ({ reason, signal, exitCode }: Terminated): string =>
  reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`);

function countRestarts(summary: Summary, container: ContainerStatus): void {
  summary.restarts += container.restartCount ?? 0;
  const finished = Date.parse(container.lastState?.terminated?.finishedAt ?? '');
  if (finished > summary.lastRestart) summary.lastRestart = finished;
}

/** Containers from last to first: the status is the first one's that says something. */
function summarizeMain(pod: Pod, initial: Summary, sidecars: Summary): Summary {
  const summary = { ...initial, restarts: sidecars.restarts, lastRestart: sidecars.lastRestart };
  let running = false;
  let failure = '';
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    countRestarts(summary, container);
    const { waiting, terminated, running: runs } = container.state ?? {};
    if (waiting?.reason) summary.status = waiting.reason;
    else if (terminated) {
      summary.status = endOf(terminated);
      if ((terminated.exitCode ?? 0) !== 0) failure = summary.status;
    } else if (container.ready && runs) {
      running = true;
      summary.ready++;
    }
  }
  if (summary.status !== 'Completed') return summary;
  if (running && isReady(pod)) summary.status = 'Running';
  else if (failure !== '') summary.status = failure;
  else if (running) summary.status = 'NotReady';
  return summary;
}

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const passed = gates.filter(({ conditionType }) => isTrue(pod.status?.conditions, conditionType));
  return `${passed.length}/${gates.length}`;
}

const COMPLETIONS: Readonly<Record<string, readonly TableRowCondition[]>> = {
  Succeeded: [
    { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
  ],
  Failed: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
};

function completion(pod: Pod): readonly TableRowCondition[] | undefined {
  const phase = pod.status?.phase ?? '';
  return Object.hasOwn(COMPLETIONS, phase) ? COMPLETIONS[phase] : undefined;
}
