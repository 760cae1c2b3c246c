import assert from "node:assert/strict";
import { eventCatalogue, eventCodes, severityOf } from "../../src/diagnostics/catalogue.ts";
import { duration } from "../../src/diagnostics/duration.ts";
import type { DiagnosticEvent, DiagnosticRecord } from "../../src/diagnostics/event.ts";
import { createJournal } from "../../src/diagnostics/journal.ts";
import { messageOf } from "../../src/diagnostics/message.ts";
import { createReporter } from "../../src/diagnostics/report.ts";
import { boilerContext, manualClock } from "./helpers.ts";

const say = (record: DiagnosticRecord, nowMs = 10_000) => messageOf(record, boilerContext, nowMs);

describe("reporting an event", () => {
  it("stamps id, time, severity, code and message and keeps the record", () => {
    const clock = manualClock();
    const journal = createJournal();
    const report = createReporter({ clock, journal, sinks: [] });
    clock.advance(1500);
    report({ kind: "connectFailed", member: "secondary", detail: "ECONNREFUSED" }, boilerContext);
    assert.deepEqual(journal.query(), [
      {
        id: 1,
        time: "2026-01-01T00:00:01.500Z",
        severity: "error",
        code: "connectFailed",
        pair: "Boiler",
        member: "secondary",
        machine: "plc-a",
        client: null,
        message:
          "Failed to connect to 'Vendor.Server' on secondary machine 'plc-a': ECONNREFUSED. Attempts go on.",
        record: { kind: "connectFailed", member: "secondary", detail: "ECONNREFUSED" },
        causes: [],
      },
    ]);
  });

  it("says what led to a switchover and since when, back to what left nothing active", () => {
    const clock = manualClock();
    const journal = createJournal();
    const report = createReporter({ clock, journal, sinks: [] });
    const lost = {
      kind: "linkLost",
      member: "primary",
      sinceMs: clock.nowMs() - 250,
      detail: "ECONNRESET",
    } as const;
    report({ kind: "nothingActive", from: "primary", cause: lost }, boilerContext);
    clock.advance(2000);
    const cause = { kind: "onlyAvailable", sinceMs: clock.nowMs() - 2000 } as const;
    const promoted = { kind: "promoted", member: "secondary", from: null, cause, tookMs: 5 } as const;
    report(promoted, boilerContext);
    report(promoted, boilerContext);
    const [, first, second] = journal.query();
    assert.deepEqual(first?.causes, [
      { kind: "onlyAvailable", text: "it is the only member available", since: "2026-01-01T00:00:00.000Z" },
      {
        kind: "linkLost",
        text: "the connection to the primary broke (ECONNRESET)",
        since: "2025-12-31T23:59:59.750Z",
      },
    ]);
    assert.equal(second?.causes.length, 1, "what is over leads to nothing later");
  });

  it("reaches the other sinks and the caller unharmed when one sink throws", () => {
    const seen: DiagnosticEvent[] = [];
    const report = createReporter({
      clock: manualClock(),
      journal: createJournal(),
      sinks: [
        () => {
          throw new Error("sink is broken");
        },
        (event) => seen.push(event),
      ],
    });
    report({ kind: "settingsApplied" }, boilerContext);
    assert.equal(seen.length, 1);
  });
});

describe("the event catalogue", () => {
  it("has the seed's ten events with the seed's severities", () => {
    const seed = eventCodes.filter((code) => eventCatalogue[code].seed);
    assert.deepEqual(
      seed.map((code) => `${code} ${String(eventCatalogue[code].severity)}`),
      [
        "connected information",
        "disconnected information",
        "connectFailed error",
        "statusQueryFailed error",
        "shutdownReceived information",
        "monitorItemAddFailed error",
        "monitorItemArrayData error",
        "monitorTestInError error",
        "monitorTestPassed information",
        "promoted information",
      ],
    );
  });

  it("judges a change of health by the new health", () => {
    const change = (to: "ok" | "suspect" | "failed") =>
      severityOf({ kind: "healthChanged", member: "primary", from: "unknown", to });
    assert.deepEqual(
      [change("ok"), change("suspect"), change("failed")],
      ["information", "warning", "error"],
    );
  });
});

describe("messages", () => {
  it("name server, machine, cause, first sign and duration of a promotion", () => {
    assert.equal(
      say({
        kind: "promoted",
        member: "secondary",
        from: "primary",
        cause: { kind: "statusQuery", member: "primary", sinceMs: 8750, missed: 1 },
        tookMs: 12.4,
      }),
      "Promoted active connection for server 'Vendor.Server' to secondary machine 'plc-a', away from the primary: " +
        "a status query was not answered by the primary (first sign 1.25 s before). The change took 12 ms.",
    );
  });

  it("repeat an operator's reason", () => {
    assert.match(
      say({
        kind: "promoted",
        member: "primary",
        from: "secondary",
        cause: { kind: "operator", reason: "maintenance.", forced: true },
        tookMs: 3,
      }),
      /an operator asked for it, forced \(reason: maintenance\)\. The change took 3 ms\.$/,
    );
  });

  it("say what would help when a command is refused", () => {
    assert.match(
      say({ kind: "switchRefused", to: "secondary", why: "knownWorse", reason: "" }),
      /refused: the secondary is known to be in a worse state; use force/,
    );
  });

  it("leave out a first sign that lies in another time base", () => {
    assert.doesNotMatch(
      say({ kind: "nothingActive", from: "primary", cause: { kind: "preferPrimary", sinceMs: 1e12 } }),
      /first sign/,
    );
  });

  it("do not double the full stop of a detail", () => {
    assert.equal(
      say({ kind: "connectionLost", member: "primary", detail: "Socket closed." }),
      "Lost the connection to 'Vendor.Server' on primary machine 'plc-a': Socket closed.",
    );
  });

  it("give durations in the unit people use", () => {
    assert.deepEqual([0, 999, 1250, 180_000, 7_200_000].map(duration), [
      "0 ms",
      "999 ms",
      "1.25 s",
      "3 min",
      "2 h",
    ]);
  });
});
