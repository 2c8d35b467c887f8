/** Ends the process where going on would be worse: without the orderly close, which would write again. */
export function endAtOnce(failure: Error): void {
  process.stderr.write(`error: ${failure.message}\n`);
  process.exit(1);
}
