import type { Clock } from "../../src/diagnostics/clock.ts";
import type { DiagnosticEvent, EventContext } from "../../src/diagnostics/event.ts";

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** Starts at 2026-01-01 with a core time of 10,000 ms. */
export function manualClock(): ManualClock {
  let passedMs = 0;
  return {
    wallMs: () => Date.UTC(2026, 0, 1) + passedMs,
    nowMs: () => 10_000 + passedMs,
    advance(ms) {
      passedMs += ms;
    },
  };
}

export const boilerContext: EventContext = Object.freeze({
  pair: "Boiler",
  server: "Vendor.Server",
  machine: "plc-a",
  client: null,
});

export function anEvent(fields: Partial<DiagnosticEvent> = {}): Omit<DiagnosticEvent, "id"> {
  return {
    time: "2026-01-01T00:00:00.000Z",
    severity: "information",
    code: "connected",
    pair: "Boiler",
    member: "primary",
    machine: "plc-a",
    client: null,
    message: "Connected to 'Boiler' on primary machine 'plc-a'.",
    record: { kind: "connected", member: "primary" },
    causes: [],
    ...fields,
  };
}
