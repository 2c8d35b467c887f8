/** How statuses of several copies become one, by kind: a table that one reads. Kinds not named follow `GENERIC`. */

export type FieldRule =
  /** Numbers add up; zero is left out, as kube-apiserver does. */
  | 'sum'
  | 'max'
  | 'min'
  /** All elements of all lists, equal ones once. */
  | 'union'
  /** Earliest or latest RFC 3339 time. */
  | 'earliest'
  | 'latest'
  /** From the copy that is furthest from done, by `updatedReplicas` against `replicas`. */
  | 'laggard'
  /** The first value in this order that any copy has. */
  | { readonly worst: readonly string[] }
  | 'conditions';

export interface StatusRule {
  readonly fields: Readonly<Record<string, FieldRule>>;
  /** Fields without a rule: dropped, or the last copy's. */
  readonly others: 'drop' | 'last';
}

const sums = (...names: readonly string[]): Record<string, FieldRule> =>
  Object.fromEntries(names.map((name) => [name, 'sum' as const]));

const loadBalancer: StatusRule = {
  fields: { 'loadBalancer.ingress': 'union', conditions: 'conditions' },
  others: 'drop',
};

export const STATUS_RULES: ReadonlyMap<string, StatusRule> = new Map<string, StatusRule>([
  [
    'Deployment.apps',
    {
      fields: {
        ...sums(
          'replicas',
          'updatedReplicas',
          'readyReplicas',
          'availableReplicas',
          'unavailableReplicas',
          'terminatingReplicas',
        ),
        collisionCount: 'max',
        conditions: 'conditions',
      },
      others: 'drop',
    },
  ],
  [
    'ReplicaSet.apps',
    {
      fields: {
        ...sums('replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas'),
        conditions: 'conditions',
      },
      others: 'drop',
    },
  ],
  [
    'ReplicationController',
    {
      fields: {
        ...sums('replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'),
        conditions: 'conditions',
      },
      others: 'drop',
    },
  ],
  [
    'StatefulSet.apps',
    {
      fields: {
        ...sums('replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'),
        currentRevision: 'laggard',
        updateRevision: 'laggard',
        collisionCount: 'max',
        conditions: 'conditions',
      },
      others: 'drop',
    },
  ],
  [
    'DaemonSet.apps',
    {
      fields: {
        ...sums(
          'currentNumberScheduled',
          'numberMisscheduled',
          'desiredNumberScheduled',
          'numberReady',
          'updatedNumberScheduled',
          'numberAvailable',
          'numberUnavailable',
        ),
        collisionCount: 'max',
        conditions: 'conditions',
      },
      others: 'drop',
    },
  ],
  [
    'Job.batch',
    {
      fields: {
        ...sums('active', 'succeeded', 'failed', 'ready', 'terminating'),
        startTime: 'earliest',
        completionTime: 'latest',
        conditions: 'conditions',
      },
      others: 'drop',
    },
  ],
  [
    'CronJob.batch',
    { fields: { active: 'union', lastScheduleTime: 'latest', lastSuccessfulTime: 'latest' }, others: 'drop' },
  ],
  ['Service', loadBalancer],
  ['Ingress.networking.k8s.io', loadBalancer],
  [
    'PersistentVolumeClaim',
    {
      fields: { phase: { worst: ['Lost', 'Pending', 'Bound'] }, accessModes: 'union', conditions: 'conditions' },
      others: 'last',
    },
  ],
  [
    'PodDisruptionBudget.policy',
    {
      fields: {
        ...sums('currentHealthy', 'desiredHealthy', 'disruptionsAllowed', 'expectedPods'),
        conditions: 'conditions',
      },
      others: 'drop',
    },
  ],
  [
    'HorizontalPodAutoscaler.autoscaling',
    {
      fields: {
        ...sums('currentReplicas', 'desiredReplicas'),
        lastScaleTime: 'latest',
        conditions: 'conditions',
      },
      others: 'last',
    },
  ],
]);

/** Custom resources: conditions merged, the rest as the cluster says that changed last. */
export const GENERIC: StatusRule = { fields: { conditions: 'conditions' }, others: 'last' };

/** Conditions that are bad news when True: one copy is enough. All others are good news, which needs every copy. */
const BAD_NEWS: readonly RegExp[] = [/Failure$/, /Failed$/, /Pressure$/, /^Degraded$/, /^Stalled$/, /^Suspended$/];
export const isBadNews = (type: string): boolean => BAD_NEWS.some((pattern) => pattern.test(type));

/** Conditions that say whether it works: how many copies that takes is the workspace's to say. */
const HEALTH: ReadonlySet<string> = new Set(['Available', 'Ready', 'Healthy']);
export const isHealth = (type: string): boolean => HEALTH.has(type);
