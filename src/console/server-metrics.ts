import type { CopyStatus, ServerStatus } from "../control/servers-api.ts";
import type { DiagnosticEvent } from "../diagnostics/event.ts";
import { addCount, type Counts, type MetricsText, type Sample, samplesOf } from "./metrics-text.ts";

/** Written for every server, 1 for the one it is: so that a query sees the change and not a gap. */
export const serverRoles = Object.freeze([
  "live",
  "takingOver",
  "standIn",
  "failingBack",
  "partly",
] as const satisfies readonly ServerStatus["role"][]);
export const serverConditions = Object.freeze([
  "disabled",
  "unknown",
  "ok",
  "suspended",
  "stopped",
  "suspect",
  "failure",
  "replicating",
] as const satisfies readonly ServerStatus["condition"][]);

/** What Prometheus is told of protected servers. */
export class ServerMetrics {
  readonly #takeovers: Counts = new Map();
  readonly #failbacks: Counts = new Map();

  event({ record, pair }: DiagnosticEvent): void {
    if (pair === null) return;
    switch (record.kind) {
      case "takeoverDone":
        addCount(this.#takeovers, { server: pair, outcome: "done" });
        break;
      case "takeoverFailed":
        addCount(this.#takeovers, { server: pair, outcome: record.rolledBack ? "rolled_back" : "failed" });
        break;
      case "serverReset":
        addCount(this.#failbacks, { server: pair, outcome: "done" });
        break;
      case "failbackFailed":
        addCount(this.#failbacks, { server: pair, outcome: "failed" });
        break;
      default:
        break;
    }
  }

  write(out: MetricsText, servers: readonly ServerStatus[]): void {
    const gauge = (name: string, help: string, value: (server: ServerStatus) => number): void =>
      out.family(
        `understudy_server_${name}`,
        "gauge",
        help,
        servers.map((server) => [{ server: server.name }, value(server)]),
      );
    gauge("enabled", "1 = the server is watched on this machine.", ({ enabled }) => Number(enabled));
    gauge("up", "1 = the server answered the last round of probes.", (server) =>
      Number(server.enabled && server.missed === 0 && server.lastRound?.verdict === "well"),
    );
    out.family(
      "understudy_server_role",
      "gauge",
      "1 for who plays the role of the server, else 0.",
      servers.flatMap(({ name, role }) =>
        serverRoles.map((each): Sample => [{ server: name, role: each }, Number(each === role)]),
      ),
    );
    out.family(
      "understudy_server_condition",
      "gauge",
      "1 for the condition the server is in, else 0.",
      servers.flatMap(({ name, condition }) =>
        serverConditions.map(
          (each): Sample => [{ server: name, condition: each }, Number(each === condition)],
        ),
      ),
    );
    gauge("missed_rounds", "Rounds of probes missed in a row.", ({ missed }) => missed);
    gauge("missed_rounds_limit", "Missed rounds in a row that make a failure.", ({ limit }) => limit);
    gauge("awaiting_approval", "1 = a takeover or failback waits for an operator.", (server) =>
      Number(server.awaitingApproval),
    );
    gauge("locked", "1 = nothing starts by itself until an operator acts.", ({ locked }) => Number(locked));
    gauge("cut_off", "1 = this machine is cut off itself.", ({ cutOff }) => Number(cutOff));
    out.family(
      "understudy_server_work_progress_ratio",
      "gauge",
      "How far the plan or copy under way has come, 0 to 1.",
      servers.flatMap(({ name, work }): Sample[] =>
        work === null ? [] : [[{ server: name, kind: work.kind }, work.percent / 100]],
      ),
    );
    this.#writeCopies(out, servers);
    out.family(
      "understudy_takeovers_total",
      "counter",
      "Takeovers that have ended, by outcome.",
      samplesOf(this.#takeovers),
    );
    out.family(
      "understudy_failbacks_total",
      "counter",
      "Failbacks that have ended, by outcome.",
      samplesOf(this.#failbacks),
    );
  }

  #writeCopies(out: MetricsText, servers: readonly ServerStatus[]): void {
    const family = (name: string, help: string, value: (copy: CopyStatus) => number | null): void =>
      out.family(
        `understudy_replication_${name}`,
        "gauge",
        help,
        servers.flatMap((server) =>
          server.copies.flatMap((copy): Sample[] => {
            const figure = value(copy);
            const labels = { server: server.name, kind: copy.kind, copy: copy.name };
            return figure === null ? [] : [[labels, figure]];
          }),
        ),
      );
    family("lag_seconds", "How far the copy is behind the server.", ({ lagMs }) =>
      lagMs === null ? null : lagMs / 1000,
    );
    family(
      "complete_timestamp_seconds",
      "All that had changed until then has arrived, since 1970.",
      ({ completeUntil }) => (completeUntil === null ? null : Date.parse(completeUntil) / 1000),
    );
    family("failing", "1 = the last attempt to copy failed.", ({ lastError }) => Number(lastError !== null));
    family("bytes_per_second", "What is being copied now.", ({ bytesPerSecond }) => bytesPerSecond);
  }
}
