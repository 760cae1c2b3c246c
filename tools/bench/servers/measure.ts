/** The figures of `bench server-failover`; null = not measured, `skipped` says why. */
export interface ServerFigures {
  /** Link of the live server down until a third host's TCP connection is served by the stand-in; median. */
  readonly takeoverMs: number | null;
  /** Fail count x interval + timeout + duplicate check + 300 ms. */
  readonly takeoverBudgetMs: number | null;
  /** 160 changed blocks of 64 KiB in 1 GiB: by this product and by plain rsync; median. */
  readonly deltaSeconds: number | null;
  readonly rsyncDeltaSeconds: number | null;
  /** Commit at the live database until it is seen at the copy; median. */
  readonly commitVisibleMedianMs: number | null;
  /** Rows that were acknowledged as replicated and are not in the copy after a kill -9 of the source. */
  readonly acknowledgedLost: number | null;
}

export const nothingMeasured: ServerFigures = Object.freeze({
  takeoverMs: null,
  takeoverBudgetMs: null,
  deltaSeconds: null,
  rsyncDeltaSeconds: null,
  commitVisibleMedianMs: null,
  acknowledgedLost: null,
});

export interface MeasureSettings {
  readonly repeats: number;
  /** Commits whose way to the copy is timed. */
  readonly commits: number;
  /** Rounds in each of which the live database server is killed, in both ways to be acknowledged. */
  readonly kills: number;
  /** Of the probes of the takeover, in ms. */
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly failAfter: number;
}

export interface Measured {
  readonly figures: Partial<ServerFigures>;
  /** Every single run. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Why something could not be measured here. */
  readonly skipped: readonly string[];
}

/** Measures some of the figures and leaves nothing behind. Rejects where what is measured does not work. */
export type Measure = (settings: MeasureSettings, progress: (text: string) => void) => Promise<Measured>;
