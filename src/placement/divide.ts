/** Shares replicas out over clusters: deterministic, proportional by largest remainder, moving as few as it can. */

export interface Share {
  readonly key: string;
  /** More than 0, relative to the others. */
  readonly weight: number;
  /** Replicas that run there now. */
  readonly current: number;
  /** Replicas that fit there; may be Infinity. */
  readonly room: number;
}

/**
 * Replicas by key; they always add up to `total`. No share exceeds its room while another has room left; when all are
 * full the rest is shared by weight, so that pods wait in a cluster and its autoscaler sees them. Equal remainders go to
 * the cluster that has more already, then to the earlier one: 4 over 2 is 2+2, 7 is 4+3, and scaling up takes from nobody.
 */
export function divideReplicas(total: number, shares: readonly Share[]): Map<string, number> {
  const given = new Map(shares.map(({ key }) => [key, 0]));
  let rest = total;
  let open = shares.filter(({ room }) => room > 0);
  while (rest > 0 && open.length > 0) {
    const parts = proportion(rest, open);
    const full = open.filter((share) => (parts.get(share.key) ?? 0) >= share.room);
    if (full.length === 0) return addTo(given, parts);
    for (const share of full) given.set(share.key, share.room);
    rest -= full.reduce((sum, share) => sum + share.room, 0);
    open = open.filter((share) => !full.includes(share));
  }
  return rest > 0 ? addTo(given, proportion(rest, shares)) : given;
}

/** Fills clusters in the given order, each up to its room; what fits nowhere goes to the first. */
export function fillReplicas(total: number, shares: readonly Share[]): Map<string, number> {
  const given = new Map<string, number>();
  let rest = total;
  for (const { key, room } of shares) {
    const part = Math.min(rest, room);
    given.set(key, part);
    rest -= part;
  }
  const first = shares[0];
  if (first !== undefined && rest > 0) given.set(first.key, (given.get(first.key) ?? 0) + rest);
  return given;
}

/**
 * For weights that follow the load: replicas that run stay where they are. Growth is shared by weight, shrinking takes
 * from each in proportion to what it has.
 */
export function adjustReplicas(total: number, shares: readonly Share[]): Map<string, number> {
  const running = shares.reduce((sum, { current }) => sum + current, 0);
  if (running === 0) return divideReplicas(total, shares);
  if (total < running) return divideReplicas(total, proportionalToCurrent(shares));
  const kept = new Map(shares.map(({ key, current }) => [key, current]));
  const growth = shares.map((share) => ({ ...share, room: Math.max(0, share.room - share.current) }));
  return addTo(kept, divideReplicas(total - running, growth));
}

const proportionalToCurrent = (shares: readonly Share[]): Share[] =>
  shares.map((share) => ({ ...share, weight: Math.max(share.current, 1e-9), room: Number.POSITIVE_INFINITY }));

/** Hamilton's method. */
function proportion(total: number, shares: readonly Share[]): Map<string, number> {
  const sum = shares.reduce((weights, { weight }) => weights + weight, 0);
  const quotas = shares.map((share, position) => {
    const exact = (total * share.weight) / sum;
    // Weights are floating point: a quota that is whole but for rounding must count as whole.
    const whole = Math.floor(exact + 1e-9);
    return { share, position, whole, remainder: Math.max(0, exact - whole) };
  });
  const parts = new Map(quotas.map(({ share, whole }) => [share.key, whole]));
  const missing = total - quotas.reduce((whole, quota) => whole + quota.whole, 0);
  const byClaim = [...quotas].sort(
    (a, b) =>
      compareRemainders(b.remainder, a.remainder) || b.share.current - a.share.current || a.position - b.position,
  );
  for (const { share } of byClaim.slice(0, missing)) parts.set(share.key, (parts.get(share.key) ?? 0) + 1);
  return parts;
}

const compareRemainders = (a: number, b: number): number => (Math.abs(a - b) < 1e-9 ? 0 : a - b);

function addTo(given: Map<string, number>, parts: ReadonlyMap<string, number>): Map<string, number> {
  for (const [key, part] of parts) given.set(key, (given.get(key) ?? 0) + part);
  return given;
}
