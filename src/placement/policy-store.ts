/** All policies of the hub by workspace, compiled as they come; tells which workspaces must be decided again. */
import type { InformerEvent } from '../hub/client.ts';
import type { HubInformers } from '../hub/informers.ts';
import { groupResourceName } from '../kube/resource.ts';
import type { Logger } from '../reconcile/logger.ts';
import { compilePolicy, PLACEMENTS, type PolicySource, WORKLOAD_PLACEMENTS } from './policy-source.ts';

const RESOURCES = [PLACEMENTS, WORKLOAD_PLACEMENTS];

export class PolicyStore {
  readonly #informers: HubInformers;
  readonly #log: Logger;
  readonly #byWorkspace = new Map<string, Map<string, PolicySource>>();

  constructor(informers: HubInformers, log: Logger) {
    this.#informers = informers;
    this.#log = log;
  }

  async whenSynced(): Promise<void> {
    await Promise.all(RESOURCES.map((resource) => this.#informers.informer(resource).whenSynced()));
  }

  in(workspace: string): Iterable<PolicySource> {
    return this.#byWorkspace.get(workspace)?.values() ?? [];
  }

  get(id: string): PolicySource | undefined {
    return this.#byWorkspace.get(id.slice(0, id.indexOf('|')))?.get(id);
  }

  /** Calls `onChange` for every policy that is there, and for each whose spec changes, comes or goes. Returns stop. */
  start(onChange: (workspace: string, source: PolicySource | undefined) => void): () => void {
    const stops = RESOURCES.map((resource) =>
      this.#informers.informer(resource).subscribe((event) => {
        const source = this.#put(resource, event);
        if (JSON.stringify(event.object?.spec) === JSON.stringify(event.previous?.spec)) return;
        onChange(event.workspace, source);
      }),
    );
    return () => stops.forEach((stop) => void stop());
  }

  #put(resource: PolicySource['resource'], { workspace, object, previous }: InformerEvent): PolicySource | undefined {
    const sources = this.#byWorkspace.get(workspace) ?? new Map<string, PolicySource>();
    this.#byWorkspace.set(workspace, sources);
    const { kind, metadata } = object ?? previous ?? { kind: '', metadata: {} };
    sources.delete(`${workspace}|${kind}/${metadata.name}`);
    const source = object && this.#compile(workspace, resource, object);
    if (source !== undefined) sources.set(source.id, source);
    if (sources.size === 0) this.#byWorkspace.delete(workspace);
    return source;
  }

  #compile(...args: Parameters<typeof compilePolicy>): PolicySource | undefined {
    try {
      return compilePolicy(...args);
    } catch (err) {
      const [workspace, resource, object] = args;
      this.#log.warn(
        { workspace, policy: `${groupResourceName(resource)}/${object.metadata.name}`, err },
        'policy cannot be understood and selects nothing',
      );
      return undefined;
    }
  }
}
