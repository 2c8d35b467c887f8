/** The table of ratios: printed, and written to docs/benchmarks.md with the machine's size. */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export interface Row {
  /** What was measured, in words. */
  readonly what: string;
  readonly unit: string;
  /** The real thing in the same run: kube-apiserver direct, or a bare client. Absent for bounds that stand alone. */
  readonly baseline?: number;
  readonly ours: number;
  /** `≥ 3` or `≤ 0.25`: what MISSION and the issues ask of ours ÷ baseline, or of ours; absent where nothing is asked. */
  readonly wanted?: string;
}

export function markdown(rows: readonly Row[], facts: readonly string[]): string {
  const header = '| what | unit | baseline | TMC | TMC ÷ baseline | wanted | met |\n|---|---|---:|---:|---:|---|---|';
  const lines = rows.map((row) => {
    const { baseline } = row;
    const ratio = baseline === undefined ? undefined : row.ours / baseline;
    const met = row.wanted === undefined ? '' : holds(ratio ?? row.ours, row.wanted) ? 'yes' : 'no';
    const compared = [baseline === undefined ? '' : figure(baseline), figure(row.ours), ratio?.toFixed(2) ?? ''];
    const cells = [row.what, row.unit, ...compared, row.wanted ?? '', met];
    return `| ${cells.join(' | ')} |`;
  });
  return `# Benchmarks

Written by \`npm run bench\`. Figures stand beside those of the real thing, measured in the same run on the same machine:
kube-apiserver with etcd (fsync on), asked directly; where there is no baseline, the bound is of the figure itself. Machines are noisy: read the ratios, not the numbers.

${facts.map((fact) => `- ${fact}`).join('\n')}

${header}
${lines.join('\n')}
`;
}

export function holds(ratio: number, wanted: string): boolean {
  const bound = Number(wanted.slice(1));
  return wanted.startsWith('≥') ? ratio >= bound : ratio <= bound;
}

const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

export function writeReport(file: string, rows: readonly Row[], facts: readonly string[]): void {
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.version}`;
  writeFileSync(file, markdown(rows, [`machine: ${machine}; clients, gateway and clusters share it`, ...facts]));
}
