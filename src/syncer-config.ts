/** What a `workload-syncer` is told: flags over environment over file, each field with its default. */
import { z } from 'zod';

const port = z.number().int().min(0).max(65_535);

/** Settings that each target may have of its own. */
const perTarget = {
  downstreamKubeconfig: z.string().min(1).optional(),
  concurrency: z.number().int().positive(),
  /** Seconds; 0: never. */
  resyncPeriod: z.number().nonnegative(),
  namespaces: z.array(z.string().min(1)),
  resourceTypes: z.array(z.string().min(1)),
  qps: z.number().nonnegative(),
  burst: z.number().int().nonnegative(),
  /** Seconds; the gateway holds a target that is silent for 40 to be gone. */
  heartbeatPeriod: z.number().positive().max(20),
};
const DEFAULTS = {
  concurrency: 5,
  resyncPeriod: 300,
  namespaces: [],
  resourceTypes: [],
  qps: 0,
  burst: 0,
  heartbeatPeriod: 10,
};

const targetSchema = z.strictObject({ name: z.string().min(1), workspace: z.string().min(1), ...perTarget });

const configSchema = z.strictObject({
  kubeconfig: z.string('a kubeconfig of the gateway is needed: --kubeconfig').min(1),
  /** As in Kubernetes: 0 errors, 1 warnings, 2 what happens, 3 and more details. */
  logLevel: z.number().int().min(0).max(10).default(2),
  bindAddress: z.string().default('0.0.0.0'),
  metricsPort: port.default(8080),
  healthPort: port.default(8081),
  targets: z.array(targetSchema).min(1, 'name a target: --sync-target-name, or targets in the file'),
});

export type SyncerConfig = z.output<typeof configSchema>;
export type TargetConfig = SyncerConfig['targets'][number];

/** A setting, its flag and how its text is read; the variable is `SYNCER_` and the flag in capitals. */
interface Setting {
  readonly name: string;
  readonly flag: string;
  readonly parse: (text: string) => unknown;
}

const text = (value: string): unknown => value;
const number = (value: string): unknown => (value.trim() === '' ? value : Number(value));
const list = (value: string): unknown =>
  value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

const OF_PROCESS: readonly Setting[] = [
  { name: 'kubeconfig', flag: 'kubeconfig', parse: text },
  { name: 'logLevel', flag: 'log-level', parse: number },
  { name: 'bindAddress', flag: 'bind-address', parse: text },
  { name: 'metricsPort', flag: 'metrics-port', parse: number },
  { name: 'healthPort', flag: 'health-port', parse: number },
];
const OF_TARGET: readonly Setting[] = [
  { name: 'downstreamKubeconfig', flag: 'downstream-kubeconfig', parse: text },
  { name: 'concurrency', flag: 'concurrency', parse: number },
  { name: 'resyncPeriod', flag: 'resync-period', parse: number },
  { name: 'namespaces', flag: 'namespaces', parse: list },
  { name: 'resourceTypes', flag: 'resource-types', parse: list },
  { name: 'qps', flag: 'qps', parse: number },
  { name: 'burst', flag: 'burst', parse: number },
  { name: 'heartbeatPeriod', flag: 'heartbeat-period', parse: number },
];
const NAME: Setting = { name: 'name', flag: 'sync-target-name', parse: text };
const WORKSPACE: Setting = { name: 'workspace', flag: 'sync-target-workspace', parse: text };

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param flags by their camel-case name, as text; absent where not given
 * @param file the parsed file, or {}
 * Throws Error that says, per field, what was found and wanted.
 */
export function syncerConfig(flags: Fields, env: NodeJS.ProcessEnv, file: Fields): SyncerConfig {
  const given = (settings: readonly Setting[]): Fields =>
    Object.fromEntries(
      settings.flatMap(({ name, flag, parse }) => {
        const value = flags[camel(flag)] ?? env[`SYNCER_${flag.toUpperCase().replaceAll('-', '_')}`];
        return typeof value === 'string' ? [[name, parse(value)]] : [];
      }),
    );
  const { targets: listed = [], ...shared } = file;
  const target = given([NAME, WORKSPACE]);
  const ofTarget = OF_TARGET.map(({ name }) => name);
  const input = {
    ...without(shared, ofTarget),
    ...given(OF_PROCESS),
    targets: Array.isArray(listed)
      ? targetsOf(listed, target).map((own) => ({
          workspace: 'root',
          ...DEFAULTS,
          ...only(shared, ofTarget),
          ...own,
          ...given(OF_TARGET),
          ...target,
        }))
      : listed,
  };
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) throw new Error(`The configuration is not valid:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** A target that is named by flag or environment is the only one; the file may say more of it. */
function targetsOf(listed: readonly Fields[], { name }: Fields): readonly Fields[] {
  if (name === undefined) return listed;
  return [listed.find((one) => one?.name === name) ?? {}];
}

const camel = (flag: string): string => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const only = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
const without = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
