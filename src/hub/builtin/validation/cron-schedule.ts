/** Cron schedules as CronJobs take them (github.com/robfig/cron v3, standard parser), with that parser's error texts. */

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: Readonly<Record<string, number>>;
}

const named = (list: string, first: number): Readonly<Record<string, number>> =>
  Object.fromEntries(list.split(' ').map((name, position) => [name, position + first]));

const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: named('jan feb mar apr may jun jul aug sep oct nov dec', 1) },
  { min: 0, max: 6, names: named('sun mon tue wed thu fri sat', 0) },
];

const DURATION_UNITS = ['h', 'm', 's', 'ms', 'us', 'ns'];
const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

/** The first fault, or undefined. */
export function cronScheduleError(schedule: string): string | undefined {
  const spec = schedule.replace(/^(?:CRON_)?TZ=\S+\s+/, '').trim();
  if (schedule === '') return 'empty spec string';
  if (spec.startsWith('@')) {
    const unit = /^@every (?:\d+(?:\.\d+)?(?:h|m|s|ms|us|ns))*\d+(?:\.\d+)?([a-z]+)/.exec(spec)?.[1];
    if (unit !== undefined && !DURATION_UNITS.includes(unit)) {
      const duration = spec.slice('@every '.length);
      return `failed to parse duration ${spec}: time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(duration)}`;
    }
    return DESCRIPTORS.has(spec) || /^@every (\d+(\.\d+)?(h|m|s|ms|us|ns))+$/.test(spec)
      ? undefined
      : `unrecognized descriptor: ${spec}`;
  }
  const parts = spec.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== FIELDS.length) {
    return `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`;
  }
  for (const [position, part] of parts.entries()) {
    for (const range of part.split(',').filter((piece) => piece !== '')) {
      const error = rangeError(range, FIELDS[position] as Bounds);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}

/** `number | number-number | *` with an optional `/step`. */
function rangeError(text: string, bounds: Bounds): string | undefined {
  const [range = '', step, ...slashes] = text.split('/');
  if (slashes.length > 0) return `too many slashes: ${text}`;
  const [low = '', high, ...hyphens] = range.split('-');
  let start = bounds.min;
  let end = bounds.max;
  if (low !== '*' && low !== '?') {
    if (hyphens.length > 0) return `too many hyphens: ${text}`;
    const first = numberOf(low, bounds);
    const last = high === undefined ? first : numberOf(high, bounds);
    if (typeof first === 'string') return first;
    if (typeof last === 'string') return last;
    start = first;
    // A number with a step runs to the end.
    end = high === undefined && step !== undefined ? bounds.max : last;
  }
  if (step !== undefined) {
    const size = numberOf(step, {} as Bounds);
    if (typeof size === 'string') return size;
    if (size === 0) return `step of range should be a positive number: ${text}`;
  }
  if (start < bounds.min) return `beginning of range (${start}) below minimum (${bounds.min}): ${text}`;
  if (end > bounds.max) return `end of range (${end}) above maximum (${bounds.max}): ${text}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`;
  return undefined;
}

function numberOf(text: string, { names = {} }: Bounds): number | string {
  const name = text.toLowerCase();
  if (Object.hasOwn(names, name)) return names[name] as number;
  if (/^[+-]?\d+$/.test(text)) {
    const value = Number(text);
    return value < 0 ? `negative number (${value}) not allowed: ${text}` : value;
  }
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
