/** /livez, /readyz, /healthz with named checks, in kube-apiserver's format (k8s.io/apiserver server/healthz). */
import type { ApiResponse } from '../src/kube/api.ts';
import { pathNotFound } from '../src/kube/status.ts';

export interface HealthCheck {
  readonly name: string;
  /** Throws when it does not hold. The reason is logged where it is known, never told to strangers. */
  readonly check: () => Promise<void> | void;
}

/** A check that hangs has failed: a probe must answer. */
const CHECK_DEADLINE_MS = 5_000;

/** `?verbose` lists all checks, `?exclude=name` leaves one out, `/readyz/<name>` asks for one. */
export async function answerProbe(
  probe: string,
  checks: readonly HealthCheck[],
  path: readonly string[],
  query: URLSearchParams,
): Promise<ApiResponse> {
  if (path.length > 0) return answerOne(probe, checks, path.join('/'));
  const excluded = new Set(query.getAll('exclude'));
  const results = await Promise.all(
    checks.map(async ({ name, check }) => ({
      name,
      excluded: excluded.has(name),
      passed: excluded.has(name) || (await holds(check)),
    })),
  );
  const passed = results.every((result) => result.passed);
  const lines = results.map(({ name, passed: ok, excluded: left }) =>
    left ? `[+]${name} excluded: ok` : ok ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
  );
  const all = [...lines, `${probe} check ${passed ? 'passed' : 'failed'}`].join('\n');
  return plain(passed, passed && !query.has('verbose') ? 'ok' : `${all}\n`);
}

async function answerOne(probe: string, checks: readonly HealthCheck[], name: string): Promise<ApiResponse> {
  const found = checks.find((check) => check.name === name);
  if (found === undefined) throw pathNotFound();
  const passed = await holds(found.check);
  return plain(passed, passed ? 'ok' : `internal server error: ${probe}/${name} failed: reason withheld\n`);
}

async function holds(check: HealthCheck['check']): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_DEADLINE_MS);
  });
  const held = (async () => {
    try {
      await check();
      return true;
    } catch {
      return false;
    }
  })();
  try {
    return await Promise.race([held, late]);
  } finally {
    clearTimeout(timer);
  }
}

const plain = (passed: boolean, body: string): ApiResponse => ({
  status: passed ? 200 : 500,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: Buffer.from(body),
});
