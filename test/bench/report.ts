/** The table of ratios: printed, and written to docs/benchmarks.md with the machine's size. */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export interface Row {
  /** What was measured, in words. */
  readonly what: string;
  readonly unit: string;
  /** The real thing in the same run: kube-apiserver direct, or a bare client. */
  readonly baseline: number;
  readonly ours: number;
  /** `≥ 3` or `≤ 0.25`: what MISSION and the issues ask of ours ÷ baseline; absent where nothing is asked. */
  readonly wanted?: string;
}

export function markdown(rows: readonly Row[], facts: readonly string[]): string {
  const header = '| what | unit | baseline | TMC | TMC ÷ baseline | wanted | met |\n|---|---|---:|---:|---:|---|---|';
  const lines = rows.map((row) => {
    const ratio = row.ours / row.baseline;
    const met = row.wanted === undefined ? '' : holds(ratio, row.wanted) ? 'yes' : 'no';
    const cells = [row.what, row.unit, figure(row.baseline), figure(row.ours), ratio.toFixed(2), row.wanted ?? '', met];
    return `| ${cells.join(' | ')} |`;
  });
  return `# Benchmarks

Written by \`npm run bench\`. Each figure stands beside one of the real thing, measured in the same run on the same machine:
kube-apiserver with etcd (fsync on), asked directly. Machines are noisy: read the ratios, not the numbers.

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
