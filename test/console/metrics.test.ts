import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Metrics } from "../../src/console/metrics.ts";
import type { DiagnosticRecord } from "../../src/diagnostics/event.ts";
import { createJournal } from "../../src/diagnostics/journal.ts";
import { createReporter } from "../../src/diagnostics/report.ts";
import { systemClock } from "../../src/opc/clock.ts";
import { pairStatus, serverStatus } from "../control/helpers.ts";

/** All there is to tell: a pair, and a server with copies, work and a past. */
function everything(): string {
  const metrics = new Metrics();
  const journal = createJournal();
  const report = createReporter({
    clock: systemClock,
    journal,
    sinks: [(event) => metrics.event(event)],
  });
  const cause = { kind: "startup" } as const;
  const records: readonly DiagnosticRecord[] = [
    { kind: "promoted", member: "primary", from: null, cause, tookMs: 1 },
    { kind: "takeoverDone", tookMs: 1, detail: "" },
    { kind: "takeoverFailed", rolledBack: false, detail: "" },
    { kind: "failbackFailed", detail: "" },
    { kind: "notificationFailed", event: "promoted", detail: "" },
  ];
  for (const record of records) report(record, { pair: "Plant", server: null, machine: null, client: null });
  const pairs = [pairStatus("Plant")];
  metrics.look(pairs);
  const work = {
    id: 1,
    kind: "takeover",
    reason: "",
    startedAt: "2026-01-01T00:00:00.000Z",
    percent: 25,
    detail: "",
    outcome: null,
    steps: [],
  } as const;
  const copy = {
    kind: "database",
    name: 'orders "A"',
    phase: "following",
    percent: null,
    bytes: 1,
    bytesPerSecond: 2,
    completeUntil: "2026-01-01T00:00:00.000Z",
    lagMs: 1500,
    lastError: null,
    detail: "",
  } as const;
  const server = serverStatus("Plant", { role: "takingOver", work, copies: [copy] });
  return metrics.text("1.0.0", 0, pairs, [server]);
}

describe("what Prometheus is told", () => {
  const text = everything();
  const families = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
  );

  it("has the figures of a protected server", () => {
    for (const line of [
      'understudy_server_role{server="Plant",role="takingOver"} 1',
      'understudy_server_role{server="Plant",role="live"} 0',
      'understudy_server_work_progress_ratio{server="Plant",kind="takeover"} 0.25',
      'understudy_replication_lag_seconds{server="Plant",kind="database",copy="orders \\"A\\""} 1.5',
      'understudy_takeovers_total{server="Plant",outcome="done"} 1',
      'understudy_takeovers_total{server="Plant",outcome="failed"} 1',
      'understudy_failbacks_total{server="Plant",outcome="failed"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`);
    }
  });

  it("keeps to the conventions: one family each, counters end in _total, base units, help for all", () => {
    for (const [name, type] of families) {
      assert.match(name, /^(understudy|process)_[a-z_]+$/);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.doesNotMatch(name, /_(ms|milliseconds|percent|kb)(_|$)/);
      assert.match(text, new RegExp(`^# HELP ${name} \\S.*\\.$`, "m"));
      assert.equal(text.split(`# TYPE ${name} `).length, 2, name);
    }
  });

  for (const file of ["config/prometheus-alerts.yml", "config/grafana-dashboard.json"]) {
    it(`has everything that ${file} asks for`, () => {
      const asked = new Set(readFileSync(file, "utf8").match(/\bunderstudy_[a-z_]+/g) ?? []);
      assert.ok(asked.size > 5);
      const unknown = [...asked].filter((name) => !families.has(name.replace(/_bucket$/, "")));
      assert.deepEqual(unknown, []);
    });
  }
});
