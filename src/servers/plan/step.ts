/** Plain data a step leaves in the journal. */
export type Memo = string | number | boolean | null | readonly Memo[] | { readonly [name: string]: Memo };

/** What a step is given while it works. */
export interface StepIo {
  /** Aborted at the step's time limit; for an interruptible step also when the plan is cancelled. */
  readonly signal: AbortSignal;
  /** The same in every attempt at this step of this plan, e.g. `1fa0-3-do`: names its jobs. */
  readonly attempt: string;
  /** `fraction` of this step, 0 to 1. */
  progress(fraction: number, detail: string): void;
}

/** What the journal knows of a step that is in force already. */
export interface Known {
  readonly memo: Memo;
  /** It was done to its end. */
  readonly complete: boolean;
}

/**
 * One step of a plan. `do` and `undo` may be called again after a kill at any point of an earlier call and must
 * come to the same end. All of them reject with an UnderstudyError that says what to do.
 */
export interface Step {
  /** Unique in its plan and stable: it stands in the journal. */
  readonly name: string;
  /** Share of the whole plan in percent of progress; any positive number. */
  readonly weight: number;
  /** Most time `do` or `undo` may take, in ms. */
  readonly timeoutMs: number;
  /** Its failure is told, and the plan goes on. */
  readonly mayFail: boolean;
  /** A cancelled plan breaks it off; others are left to end. */
  readonly interruptible: boolean;
  /** Name of the step of an earlier plan that this one takes back; null = none. */
  readonly reverses: string | null;
  /** One line: what `do` does, with names and addresses. */
  describe(): string;
  /** Looks at what is there before anything is changed: what `undo` needs to know. */
  prepare(io: StepIo): Promise<Memo>;
  /** Whether there is nothing to do any more. Changes nothing. */
  check(io: StepIo, known: Known | null): Promise<boolean>;
  /** @returns one line: what was done. */
  do(io: StepIo, memo: Memo): Promise<string>;
  /** @returns one line: what was undone. */
  undo(io: StepIo, memo: Memo): Promise<string>;
}

/** Keeps `check` from being given: for steps whose result cannot be seen from outside. */
export function completeBefore(_io: StepIo, known: Known | null): Promise<boolean> {
  return Promise.resolve(known?.complete ?? false);
}

/** A step that takes back one of an earlier plan; its own undo does that one again. */
export function reversed(step: Step): Step {
  return {
    ...step,
    reverses: step.name,
    mayFail: false,
    name: `undo ${step.name}`,
    describe: () => `undo: ${step.describe()}`,
    prepare: () => Promise.resolve(null),
    check: () => Promise.resolve(false),
    do: (io, memo) => step.undo(io, memo),
    undo: (io, memo) => step.do(io, memo),
  };
}
