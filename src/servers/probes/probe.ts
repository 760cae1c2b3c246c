/**
 * What one probe says:
 * - `well`: it serves
 * - `failed`: it does not, or did not answer in time
 * - `unknown`: it cannot be told (the probe's own program is missing, a command said so)
 */
export type ProbeVerdict = "well" | "failed" | "unknown";

export interface ProbeAnswer {
  readonly verdict: ProbeVerdict;
  /** One line, without the probe's name: `HTTP status 503`. */
  readonly detail: string;
}

/** Asks one thing of a server, once. Never rejects; has ended at the latest when `signal` is aborted. */
export interface Probe {
  /** What is asked and where: `ping 192.0.2.10`. */
  readonly name: string;
  ask(signal: AbortSignal): Promise<ProbeAnswer>;
}

/** An answer within `timeoutMs`, whatever the probe does: a hanging one has failed and is broken off. */
export async function askInTime(probe: Probe, timeoutMs: number): Promise<ProbeAnswer> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeAnswer>((resolve) => {
    timer = setTimeout(
      () => resolve({ verdict: "failed", detail: `no answer within ${timeoutMs} ms` }),
      timeoutMs,
    );
  });
  try {
    const answer = probe.ask(abort.signal).catch((error: unknown) => failed(error));
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

export function failed(error: unknown): ProbeAnswer {
  return { verdict: "failed", detail: error instanceof Error ? error.message : String(error) };
}
