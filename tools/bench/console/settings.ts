export interface ConsoleBenchSettings {
  readonly pairs: number;
  /** Events per second that are wanted. */
  readonly rate: number;
  /** How long the pages are used, in ms. */
  readonly durationMs: number;
}

/** The figures of `bench console`; what should be reached stands behind each. */
export interface ConsoleFigures {
  /** From the input until its effect is painted, in ms: < 100. */
  readonly interactionMedianMs: number;
  readonly interactionP95Ms: number;
  readonly interactionWorstMs: number;
  readonly interactions: number;
  /** JavaScript heap of the page after a garbage collection, in MB, at the end, in the list of events: <= 60. */
  readonly heapMb: number;
  /** Tasks of the page of more than 50 ms. */
  readonly longTasks: number;
  readonly longTaskWorstMs: number;
  /** All that a page load gets from the console, compressed by gzip, in kB: < 300. */
  readonly pageLoadKb: number;
  /** Pairs that are served, both members linked, and events per second that came into being. */
  readonly pairsServing: number;
  readonly eventsPerSecond: number;
}
