import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import type {
  ConflictAnswer,
  EventsAnswer,
  HistoryAnswer,
  ImportAnswer,
  ProgIdsAnswer,
  ProjectAnswer,
  SaveAnswer,
  StatusAnswer,
} from "../../src/console/contract.ts";
import type { ServerCheck } from "../../src/control/servers-api.ts";
import { UnderstudyError } from "../../src/core/error.ts";
import type { DiagnosticEvent } from "../../src/diagnostics/event.ts";
import { findDaServers } from "../../src/opc/da/find-da-servers.ts";
import { anEvent } from "../diagnostics/helpers.ts";
import { TestConsole } from "./support.ts";

describe("the console's HTTP interface", function () {
  this.timeout(30_000);
  let console_: TestConsole;
  afterEach(() => console_.stop());

  async function start(change: Parameters<typeof TestConsole.start>[0] = {}): Promise<void> {
    console_ = await TestConsole.start(change);
    await console_.login();
  }

  const get = async <T>(path: string): Promise<T> => (await console_.ask("GET", path)).json<T>();
  const project = (): Promise<ProjectAnswer> => get<ProjectAnswer>("/api/v1/project");

  it("tells status and history", async () => {
    await start();
    const cause = { kind: "linkLost", member: "primary", sinceMs: 0, detail: "gone" } as const;
    console_.report({ kind: "promoted", member: "secondary", from: "primary", cause, tookMs: 12 });
    console_.report({ kind: "healthChanged", member: "primary", from: "ok", to: "failed" });
    const { broker, pairs } = await get<StatusAnswer>("/api/v1/status");
    assert.equal(broker.version, "0.0.0-test");
    assert.equal(pairs[0]?.name, "Boiler");
    assert.equal(pairs[0]?.valuesPerSecond, 0);
    const history = await get<HistoryAnswer>("/api/v1/pairs/boiler/history");
    assert.deepEqual(
      history.switches.map(({ to, tookMs }) => [to, tookMs]),
      [["secondary", 12]],
    );
    assert.equal(history.health[0]?.health, "failed");
    assert.equal((await console_.ask("GET", "/api/v1/pairs/Nobody/history")).status, 404);
  });

  it("gives events filtered, page by page, as a file, and forgets them", async () => {
    await start();
    for (let count = 0; count < 5; count++) console_.report({ kind: "connected", member: "primary" });
    console_.report({ kind: "connected", member: "primary" }, "Other");
    const all = await get<EventsAnswer>("/api/v1/events?pair=Boiler&limit=2");
    assert.equal(all.events.length, 2);
    const first = all.events[0]?.id;
    const earlier = await get<EventsAnswer>(`/api/v1/events?pair=Boiler&beforeId=${first}&limit=10`);
    assert.equal(earlier.events.length, 3);
    const csv = await console_.ask("GET", "/api/v1/events/export?format=csv&pair=Other");
    assert.match(String(csv.headers["content-disposition"]), /understudy-events\.csv/);
    assert.equal(csv.text.trimEnd().split("\r\n").length, 2);
    assert.equal((await console_.ask("GET", "/api/v1/events?severity=terrible")).status, 400);
    assert.equal((await console_.ask("DELETE", "/api/v1/events?pair=Boiler")).status, 204);
    assert.deepEqual(
      (await get<EventsAnswer>("/api/v1/events")).events.map(({ pair }) => pair),
      ["Other"],
    );
  });

  it("finds events by pair, member, severity, client, code, text and time, in a file as on the page", async () => {
    await start();
    const event = (at: string, fields: Partial<DiagnosticEvent>): void =>
      void console_.journal.append(anEvent({ time: `2026-01-01T0${at}:00.000Z`, ...fields }));
    event("1:00", { client: "panel", message: "a" });
    event("2:00", { member: "secondary", severity: "warning", message: "b" });
    event("3:00", { pair: "Other", member: null, severity: "error", code: "nothingActive", message: "c" });
    const queries: readonly (readonly [query: string, messages: string])[] = [
      ["pair=other", "c"],
      ["member=secondary", "b"],
      ["severity=warning", "bc"],
      ["client=panel", "a"],
      ["code=nothingActive", "c"],
      ["text=PANEL", "a"],
      ["since=2026-01-01T02:00:00.000Z", "bc"],
      ["until=2026-01-01T02:00:00.000Z", "ab"],
      ["severity=warning&until=2026-01-01T02:30:00.000Z", "b"],
    ];
    for (const [query, messages] of queries) {
      const { events } = await get<EventsAnswer>(`/api/v1/events?${query}`);
      assert.equal(events.map(({ message }) => message).join(""), messages, query);
      const saved = await console_.ask("GET", `/api/v1/events/export?format=json&${query}`);
      const inFile = saved.json<readonly DiagnosticEvent[]>();
      assert.equal(inFile.map(({ message }) => message).join(""), messages, `${query}, saved`);
    }
  });

  it("streams the status, and events in batches", async () => {
    await start();
    const received = await new Promise<string>((resolve, reject) => {
      const url = new URL("/api/v1/stream", console_.server.url);
      const stream = request(url, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          if (text.includes("event: status") && !text.includes("event: events")) {
            for (let count = 0; count < 700; count++)
              console_.report({ kind: "connected", member: "primary" });
          }
          if (/event: events\ndata: .*\n\n/.test(text)) {
            stream.destroy();
            resolve(text);
          }
        });
      });
      stream.on("error", reject);
      stream.end();
    }).catch((error: Error) => error.message);
    const batch = JSON.parse(/event: events\ndata: (.*)\n/.exec(received)?.[1] ?? "null") as {
      events: unknown[];
      missed: number;
    };
    assert.equal(batch.events.length, 500);
    assert.ok(batch.missed >= 200);
  });

  it("operates a pair, and passes on what the broker refuses", async () => {
    await start();
    const dryRun = await console_.ask("POST", "/api/v1/pairs/Boiler/switchover", {
      to: "secondary",
      dryRun: true,
    });
    assert.equal(dryRun.json<{ dryRun: boolean }>().dryRun, true);
    const refused = await console_.ask("POST", "/api/v1/pairs/Boiler/switchover", { to: "primary" });
    assert.equal(refused.status, 409);
    assert.deepEqual(refused.json(), { code: "SWITCH_REFUSED", message: "The primary is active already." });
    assert.equal((await console_.ask("POST", "/api/v1/pairs/Nobody/suspend", {})).status, 404);
    assert.equal((await console_.ask("POST", "/api/v1/pairs/Boiler/switchover", { to: "both" })).status, 400);
    assert.equal((await console_.ask("POST", "/api/v1/notifications/test", { pair: null })).status, 200);
  });

  it("gives orders to a protected server in the user's name, and shows its state", async () => {
    await start();
    const { servers } = await get<StatusAnswer>("/api/v1/status");
    assert.deepEqual(
      servers.map(({ name, condition }) => [name, condition]),
      [["Historian", "ok"]],
    );
    for (const path of ["suspend", "resume", "cancel"]) {
      assert.equal((await console_.ask("POST", `/api/v1/servers/Historian/${path}`, {})).status, 200);
    }
    const order = { reason: "patch day", dryRun: true };
    assert.equal((await console_.ask("POST", "/api/v1/servers/Historian/failover", order)).status, 200);
    const copy = { direction: "toLive" };
    assert.equal((await console_.ask("POST", "/api/v1/servers/Historian/replicate", copy)).status, 200);
    const check = await console_.ask("POST", "/api/v1/servers/Historian/check", {});
    assert.equal(check.json<ServerCheck>().findings[0]?.verdict, "ok");
    assert.equal((await console_.ask("POST", "/api/v1/servers/Nobody/failback", {})).status, 404);
    assert.deepEqual(console_.calls.slice(-7), [
      ["serverSuspend", "Historian", "by shift in the console"],
      ["serverResume", "Historian", "by shift in the console"],
      ["serverCancel", "Historian", "by shift in the console"],
      ["failover", "Historian", { reason: "patch day (shift)", dryRun: true }],
      ["replicate", "Historian", { direction: "toLive", reason: "by shift in the console" }],
      ["serverCheck", "Historian"],
      ["failback", "Nobody", { reason: "by shift in the console", dryRun: false }],
    ]);
  });

  it("saves the project, and tells the second of two who save at once what the first one did", async () => {
    await start();
    const { version, project: before } = await project();
    const changed = (interval: number) => ({
      project: {
        ...before,
        pairs: before.pairs.map((pair) => ({ ...pair, queryServerStatusInterval: interval })),
      },
    });
    const headers = { "if-match": `"${version}"` };
    const first = await console_.ask("PUT", "/api/v1/project", changed(2000), headers);
    assert.equal(first.status, 200);
    assert.notEqual(first.json<SaveAnswer>().version, version);
    const second = await console_.ask("PUT", "/api/v1/project", changed(3000), headers);
    assert.equal(second.status, 412);
    const conflict = second.json<ConflictAnswer>();
    assert.equal(conflict.code, "PROJECT_CHANGED");
    assert.equal(conflict.current.project.pairs[0]?.queryServerStatusInterval, 2000);
    assert.match(readFileSync(console_.projectFile, "utf8"), /2000/);
  });

  it("changes nothing where the project is faulty or the broker refuses it", async () => {
    let refuses = false;
    await start({
      reload: async () => {
        if (refuses) throw new UnderstudyError("LISTEN_FAILED", "The port is taken.");
        return { added: [], removed: [], changed: [], restarted: [] };
      },
    });
    const text = readFileSync(console_.projectFile, "utf8");
    const { version, project: before } = await project();
    const headers = { "if-match": version };
    const faulty = await console_.ask(
      "PUT",
      "/api/v1/project",
      { project: { ...before, opcUa: { port: 99999 } } },
      headers,
    );
    assert.equal(faulty.status, 400);
    assert.match(faulty.json<{ message: string }>().message, /port/);
    refuses = true;
    const other = { ...before, pairs: [] };
    const refused = await console_.ask("PUT", "/api/v1/project", { project: other }, headers);
    assert.equal(refused.json<{ code: string }>().code, "LISTEN_FAILED");
    assert.equal(readFileSync(console_.projectFile, "utf8"), text);
  });

  it("adds, names and removes pairs", async () => {
    await start();
    const save = async (method: string, path: string, body?: unknown) => {
      const answer = await console_.ask(method, path, body, { "if-match": (await project()).version });
      assert.ok(answer.status < 300, answer.text);
    };
    const pump = {
      server: "Pump",
      protocol: "opcua",
      primary: { machine: "c" },
      secondary: { machine: "d" },
    };
    await save("POST", "/api/v1/project/pairs", pump);
    await save("POST", "/api/v1/pairs/Pump/alias", { alias: "Feed" });
    assert.deepEqual(
      (await project()).project.pairs.map(({ server, alias }) => [server, alias]),
      [
        ["Boiler", null],
        ["Pump", "Feed"],
      ],
    );
    await save("DELETE", "/api/v1/project/pairs/Feed");
    assert.equal((await project()).project.pairs.length, 1);
  });

  it("exports and imports the project, shows the difference first, and refuses broken XML", async () => {
    await start();
    const xml = (await console_.ask("GET", "/api/v1/project/export?notifications=false")).text;
    assert.match(xml, /<redundancymaster/);
    const next = xml.replace("<server>Boiler</server>", "<server>Kettle</server>");
    const headers = { "content-type": "application/xml", "if-match": (await project()).version };
    const dry = await console_.ask("POST", "/api/v1/project/import?dryRun=true", next, headers);
    assert.match(dry.json<ImportAnswer>().text, /Kettle/);
    assert.equal((await project()).project.pairs[0]?.server, "Boiler");
    const done = await console_.ask("POST", "/api/v1/project/import", next, headers);
    assert.equal(done.json<ImportAnswer>().applied, true);
    assert.equal((await project()).project.pairs[0]?.server, "Kettle");
    const broken = await console_.ask(
      "POST",
      "/api/v1/project/import?dryRun=true",
      "<redundancymaster",
      headers,
    );
    assert.equal(broken.status, 400);
    assert.match(broken.json<{ message: string }>().message, /the uploaded file/);
  });

  it("lists the OPC DA servers of a machine to whoever is logged in, or says what it lacks", async () => {
    await start();
    const { servers } = await get<ProgIdsAnswer>("/api/v1/browse/progids?machine=plc-a");
    assert.deepEqual(
      servers.map(({ progId }) => progId),
      ["Vendor.Server.1"],
    );
    await get("/api/v1/browse/progids");
    assert.deepEqual(console_.calls, [
      ["findServers", "plc-a"],
      ["findServers", null],
    ]);
    await console_.stop();
    await start({ findServers: (machine) => findDaServers(null, machine) });
    const missing = await console_.ask("GET", "/api/v1/browse/progids");
    assert.equal(missing.status, 501);
    assert.equal(missing.json<{ code: string }>().code, "DA_HELPER_MISSING");
    await console_.ask("DELETE", "/api/v1/session");
    assert.equal((await console_.ask("GET", "/api/v1/browse/progids")).status, 401);
  });

  it("answers programs: alive, ready, which member is active, metrics", async () => {
    await start();
    const statusOf = async (path: string) => (await console_.ask("GET", path)).status;
    assert.equal(await statusOf("/health"), 200);
    assert.equal(await statusOf("/ready"), 200);
    assert.equal(await statusOf("/pairs/Boiler/primary"), 200);
    assert.equal(await statusOf("/pairs/Boiler/secondary"), 503);
    assert.equal(await statusOf("/pairs/Nobody/primary"), 404);
    assert.equal((await console_.ask("HEAD", "/pairs/Boiler/secondary")).status, 503);
    assert.equal(await statusOf("/servers/historian"), 200);
    assert.equal(await statusOf("/servers/Historian/live"), 200);
    assert.equal(await statusOf("/servers/Historian/stand-in"), 503);
    assert.equal(await statusOf("/servers/Nobody"), 404);
    console_.report({ kind: "takeoverFailed", rolledBack: true, detail: "no address" }, "Historian");
    const cause = { kind: "statusQuery", member: "primary", sinceMs: 0, missed: 1 } as const;
    console_.report({ kind: "promoted", member: "secondary", from: "primary", cause, tookMs: 1 });
    const { text } = await console_.ask("GET", "/metrics");
    for (const line of [
      'understudy_member_up{pair="Boiler",member="primary"} 1',
      'understudy_member_active{pair="Boiler",member="secondary"} 0',
      'understudy_member_health{pair="Boiler",member="primary",health="ok"} 1',
      'understudy_switchovers_total{pair="Boiler",to="secondary",cause="statusQuery"} 1',
      'understudy_server_role{server="Historian",role="live"} 1',
      'understudy_server_condition{server="Historian",condition="failure"} 0',
      'understudy_takeovers_total{server="Historian",outcome="rolled_back"} 1',
      'understudy_probe_duration_seconds_bucket{pair="Boiler",member="primary",le="0.0025"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`);
    }
  });

  it("keeps to the conventions of Prometheus", async () => {
    await start();
    const { text } = await console_.ask("GET", "/metrics");
    const types = new Map<string, string>();
    for (const line of text.trimEnd().split("\n")) {
      const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
      if (type?.[1] !== undefined) {
        assert.equal(types.has(type[1]), false, `${type[1]} twice`);
        types.set(type[1], type[2] ?? "");
      } else if (!line.startsWith("# HELP ")) {
        assert.match(line, /^[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? -?[\d.e+-]+$/);
      }
    }
    for (const [name, type] of types) {
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.match(name, /^(understudy|process)_/);
    }
  });
});
