/** Status that a faulted item gets unless another is asked for: BadSensorFailure. */
export const defaultBadStatus = 0x808c0000;

export type FaultChange = "quality" | "watchdog" | "hang" | "slow" | "refuse" | "drop" | "shutdown";

interface Bad {
  readonly status: number;
  readonly sinceMs: number;
}

/** What is wrong with the simulator at the moment. The server and its items look here and obey. */
export class Faults {
  readonly #badItems = new Map<string, Bad>();
  #allBad: Bad | null = null;
  #watchdogFrozenAtMs: number | null = null;
  #hanging = false;
  #hangTimer: NodeJS.Timeout | null = null;
  #slowMs = 0;
  #refuseConnections = false;
  #refuseSessions = false;
  #shutdown: { readonly atMs: number; readonly reason: string } | null = null;
  readonly #listeners: ((change: FaultChange) => void)[] = [];

  /** Called after each change; quality changes may have come before any item looks. */
  onChange(listener: (change: FaultChange) => void): void {
    this.#listeners.push(listener);
  }

  get isHanging(): boolean {
    return this.#hanging;
  }

  /** Delay of every answer, in ms. */
  get slowMs(): number {
    return this.#slowMs;
  }

  get refuseConnections(): boolean {
    return this.#refuseConnections;
  }

  get refuseSessions(): boolean {
    return this.#refuseSessions;
  }

  get shutdown(): { readonly atMs: number; readonly reason: string } | null {
    return this.#shutdown;
  }

  get watchdogFrozenAtMs(): number | null {
    return this.#watchdogFrozenAtMs;
  }

  get isAllBad(): boolean {
    return this.#allBad !== null;
  }

  /** Null = good. */
  badness(item: string): Bad | null {
    return this.#badItems.get(item) ?? this.#allBad;
  }

  /** Gives one item (NodeId text) or all of them (`*`) a Bad status; `status` 0 = good again. */
  setQuality(item: string, status: number, nowMs: number): void {
    if (item === "*") {
      this.#allBad = status === 0 ? null : { status, sinceMs: nowMs };
      if (status === 0) this.#badItems.clear();
    } else if (status === 0) {
      this.#badItems.delete(item);
    } else {
      this.#badItems.set(item, { status, sinceMs: nowMs });
    }
    this.#changed("quality");
  }

  freezeWatchdog(frozen: boolean, nowMs: number): void {
    this.#watchdogFrozenAtMs = frozen ? (this.#watchdogFrozenAtMs ?? nowMs) : null;
    this.#changed("watchdog");
  }

  /** Stops answering for `forMs`, or until {@link release} where it is null. Connections stay open. */
  hang(forMs: number | null): void {
    if (this.#hangTimer) clearTimeout(this.#hangTimer);
    this.#hangTimer = forMs === null ? null : setTimeout(() => this.release(), forMs);
    this.#hanging = true;
    this.#changed("hang");
  }

  release(): void {
    if (this.#hangTimer) clearTimeout(this.#hangTimer);
    this.#hangTimer = null;
    if (!this.#hanging) return;
    this.#hanging = false;
    this.#changed("hang");
  }

  slow(delayMs: number): void {
    this.#slowMs = delayMs;
    this.#changed("slow");
  }

  refuse(what: { readonly connections?: boolean; readonly sessions?: boolean }): void {
    this.#refuseConnections = what.connections ?? this.#refuseConnections;
    this.#refuseSessions = what.sessions ?? this.#refuseSessions;
    this.#changed("refuse");
  }

  /** Asks the server to drop every connection without a word. */
  dropConnections(): void {
    this.#changed("drop");
  }

  /** ServerState Shutdown now, end of the process at `nowMs + afterMs`. */
  beginShutdown(afterMs: number, reason: string, nowMs: number): void {
    this.#shutdown ??= { atMs: nowMs + afterMs, reason };
    this.#changed("shutdown");
  }

  /** Takes back everything but a shutdown. */
  reset(nowMs: number): void {
    this.slow(0);
    this.refuse({ connections: false, sessions: false });
    this.freezeWatchdog(false, nowMs);
    this.setQuality("*", 0, nowMs);
    this.release();
  }

  #changed(change: FaultChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
