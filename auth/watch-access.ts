/**
 * What the callers of watches may still see. kube-apiserver asks once, when a watch begins; here the question is asked
 * again whenever the roles or bindings of the workspace change, and each minute whether the credential is still good.
 */
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises';
import type { Admitted, Gates, Impersonated } from '../src/http/context.ts';
import { type Access, type AccessFollower, EVERYTHING, type Grant } from '../src/kube/access.ts';
import { ApiError } from '../src/kube/status.ts';
import { type Clock, systemClock } from '../src/reconcile/clock.ts';
import { ALL_WORKSPACES } from '../src/workspaces/path.ts';
import { attributesOf } from './attributes.ts';
import type { Authorizer } from './authorize.ts';

export interface WatchAccessOptions {
  readonly authorizer: Authorizer;
  /** Its policy judges wildcard requests. */
  readonly rootWorkspace: string;
  readonly gates: Pick<Gates, 'authenticate' | 'locate' | 'impersonate' | 'authorize'>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** An expired credential is noticed within this. */
const CREDENTIAL_MS = 60_000;
/** Bindings that change one after the other are one question to each of thousands of watches. */
const ROUND_PAUSE_MS = 100;
/** Questions in one go, milliseconds. */
const SLICE_MS = 5;

type Check = () => Promise<void>;

/** Gives each watch its `Access`: costs a place in a set and a timer while it is followed. */
export function createWatchAccess(options: WatchAccessOptions): (request: Admitted) => Access {
  const { authorizer, rootWorkspace, clock = systemClock, random = Math.random } = options;
  const checks = new Map<string, Set<Check>>();
  const running = new Set<string>();
  const again = new Set<string>();

  async function askAll(workspace: string): Promise<void> {
    let began = performance.now();
    for (const check of [...(checks.get(workspace) ?? [])]) {
      await check();
      if (performance.now() - began < SLICE_MS) continue;
      await breathe();
      began = performance.now();
    }
  }

  async function changed(workspace: string): Promise<void> {
    again.add(workspace);
    if (running.has(workspace)) return;
    running.add(workspace);
    while (again.delete(workspace)) {
      await askAll(workspace);
      await pause(ROUND_PAUSE_MS, undefined, { ref: false });
    }
    running.delete(workspace);
  }

  authorizer.onChange((workspace) => {
    for (const each of workspace === undefined ? [...checks.keys()] : [workspace]) {
      if (checks.has(each)) void changed(each);
    }
  });

  function enter(workspace: string, check: Check): () => void {
    const others = checks.get(workspace) ?? new Set();
    checks.set(workspace, others.add(check));
    return () => {
      others.delete(check);
      if (others.size === 0 && checks.get(workspace) === others) checks.delete(workspace);
    };
  }

  return (request) => ({
    follow(follower) {
      const judge = request.workspace === ALL_WORKSPACES ? rootWorkspace : request.workspace;
      return followOne(options, request, follower, { clock, random, enter: (check) => enter(judge, check) });
    },
  });
}

interface Following {
  readonly clock: Clock;
  readonly random: () => number;
  readonly enter: (check: Check) => () => void;
}

function followOne(
  options: WatchAccessOptions,
  request: Admitted,
  follower: AccessFollower,
  { clock, random, enter }: Following,
): () => void {
  let over = false;
  let cancel = (): void => {};
  const check = async (): Promise<void> => {
    const grant = over ? undefined : await grantOf(options, request);
    if (grant !== undefined && !over) follower.granted(grant);
  };
  const leave = enter(check);
  const stop = (): void => {
    over = true;
    cancel();
    leave();
  };
  const askLater = (): void => {
    cancel = clock.after(CREDENTIAL_MS * (0.9 + 0.2 * random()), () => void ask());
  };
  const ask = async (): Promise<void> => {
    const known = await isKnown(options, request);
    if (over) return;
    if (known) return askLater();
    stop();
    follower.unknown();
  };
  askLater();
  // Policies may have changed since the gate.
  void check();
  return stop;
}

/** Whether the credential is still believed; an authenticator that cannot tell changes nothing. */
async function isKnown({ gates }: WatchAccessOptions, request: Admitted): Promise<boolean> {
  return gates.authenticate(request).then(
    () => true,
    (error: unknown) => !(error instanceof ApiError && error.code === 401),
  );
}

/** By the same gates that the request passed. Undefined where they cannot tell now. */
async function grantOf(options: WatchAccessOptions, request: Admitted): Promise<Grant | undefined> {
  const { gates } = options;
  const authenticated = { ...request, user: request.impersonator ?? request.user };
  const reached: { impersonated?: Impersonated } = {};
  try {
    reached.impersonated = await gates.impersonate(await gates.locate(authenticated));
    await gates.authorize(reached.impersonated);
    return EVERYTHING;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) return undefined;
    const namespaces = await namespacesLeft(options.authorizer, reached.impersonated).catch(() => undefined);
    return namespaces && { everything: false, namespaces, denial: error };
  }
}

async function namespacesLeft(authorizer: Authorizer, request: Impersonated | undefined): Promise<ReadonlySet<string>> {
  const left = new Set<string>();
  if (request === undefined || request.workspace === ALL_WORKSPACES || request.info.namespace !== '') return left;
  const attributes = attributesOf(request.user, request.info);
  const { namespacesOf } = await authorizer.policy(request.workspace);
  for (const namespace of namespacesOf(request.user)) {
    if ((await authorizer.authorize(request.workspace, { ...attributes, namespace })).allowed) left.add(namespace);
  }
  return left;
}
