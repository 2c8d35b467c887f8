/** A mistake that the person at the terminal can mend: shown without a stack, with what to do. Exit code 1. */
export class UsageError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}
