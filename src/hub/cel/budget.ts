/** What an evaluation may cost. Steps make the refusal the same on every machine; time holds where single steps are long. */

export interface BudgetLimits {
  /** Evaluated nodes of expressions. */
  readonly steps: number;
  readonly milliseconds: number;
}

/** For all rules over one object. A step takes well under a microsecond. */
export const OBJECT_LIMITS: BudgetLimits = { steps: 1_000_000, milliseconds: 500 };

export class BudgetExceeded extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
    this.name = 'BudgetExceeded';
  }
}

/** Looking at the clock costs more than a step. */
const STEPS_PER_LOOK = 64;

export class Budget {
  private steps: number;
  private readonly deadline: number;

  constructor({ steps, milliseconds }: BudgetLimits = OBJECT_LIMITS) {
    this.steps = steps;
    this.deadline = performance.now() + milliseconds;
  }

  get exhausted(): boolean {
    return this.steps < 0;
  }

  /** Throws BudgetExceeded. */
  spend(steps = 1): void {
    const before = this.steps;
    this.steps -= steps;
    if (this.steps < 0) throw new BudgetExceeded();
    if (Math.floor(before / STEPS_PER_LOOK) === Math.floor(this.steps / STEPS_PER_LOOK)) return;
    if (performance.now() > this.deadline) {
      this.steps = -1;
      throw new BudgetExceeded();
    }
  }
}
