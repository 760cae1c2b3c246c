import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { StatusAnswer } from "../../src/console/contract.ts";
import { ConsoleUsers } from "../../src/console/security/users.ts";
import { roles } from "../../src/core/role.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import { SimulatorProcess } from "../../tools/simulator/process.ts";
import { BrokerProcess } from "../e2e/support/broker-process.ts";
import { pairSettings, projectText } from "../e2e/support/project-text.ts";
import { ScriptedServer } from "../notify/support.ts";
import { ApiDriver, type Call, type OpenApi } from "./api-driver.ts";
import { ConsoleClient, password, user } from "./console-client.ts";
import { TestConsole } from "./support.ts";

/** What a broker on this machine alone cannot be brought to: asked of a console whose broker only remembers. */
const remembered: Readonly<Record<string, Call>> = {
  "POST /api/v1/servers/{name}/replicate": { params: { name: "Historian" }, body: { direction: "fromLive" } },
  "GET /api/v1/browse/progids": {},
};

describe("the HTTP interface and its description", function () {
  this.timeout(240_000);
  let members: { primary: SimulatorProcess; secondary: SimulatorProcess };
  let broker: BrokerProcess;
  let client: ConsoleClient;
  let driver: ApiDriver;
  let url: string;

  before(async () => {
    const [primary, secondary] = await Promise.all(
      roles.map((name) => SimulatorProcess.start({ name, items: 20, periodMs: 100 })),
    );
    if (!primary || !secondary) throw new Error("the simulators did not start");
    members = { primary, secondary };
    const [port, consolePort] = [await freePort(), await freePort()];
    const pairs = [
      pairSettings("Boiler", "hot", members),
      pairSettings("Mill", "hot", members, { failover: { approval: "manual", reconnectInterval: 200 } }),
    ];
    const text = projectText(port, pairs, {}, { port: consolePort });
    const server =
      "  <servers><server><name>Historian</name><address>127.0.0.1</address>" +
      `<probes><probe><kind>tcp</kind><port>${consolePort}</port></probe></probes></server></servers>\n`;
    broker = await BrokerProcess.start(text.replace(/<\/redundancymaster>/, `${server}</redundancymaster>`));
    await new ConsoleUsers(broker.stateDirectory).set(user, password);
    url = `http://127.0.0.1:${consolePort}/`;
    client = new ConsoleClient(url);
    await client.refresh();
    const answer = await client.ask("GET", "/api/v1/openapi.json");
    driver = new ApiDriver(answer.json<OpenApi>());
    await broker.untilServing("Boiler");
    await broker.untilServing("Mill");
  });
  after(async () => {
    await broker?.stop();
    await Promise.all(roles.map((role) => members?.[role].stop()));
  });

  const call = (name: string, status: number, options?: Call) => driver.call(client, name, status, options);
  const historian = { params: { name: "Historian" } };
  const nobody = { params: { name: "Nobody" } };
  const version = async () => (await call("GET /api/v1/project", 200)).json<{ version: string }>().version;
  const changed = async (name: string, status: number, options: Call = {}) =>
    call(name, status, { ...options, headers: { "if-match": await version(), ...options.headers } });

  it("is an OpenAPI 3.1 document", async () => {
    const result = await new Validator().validate(
      structuredClone(driver.document) as unknown as Record<string, unknown>,
    );
    assert.ok(result.valid, JSON.stringify(result.errors, null, 1)?.slice(0, 3000));
    const ids = driver.operations.map((name) => driver.operation(name).operationId);
    assert.equal(new Set(ids).size, ids.length, "operations have names of their own");
  });

  it("refuses on every operation names that are not its own, and changes without token and login", async () => {
    for (const name of driver.operations) {
      await call(name, 421, { headers: { host: "evil.example" } });
      if (name.startsWith("GET")) continue;
      await call(name, 403, { headers: { "x-csrf-token": "wrong" } });
      if (!name.endsWith("/session")) await call(name, 401);
    }
    await call("GET /api/v1/pairs/{name}/browse", 401, { query: "member=primary" });
    await call("GET /api/v1/browse/endpoints", 401, { query: "url=localhost" });
    await call("GET /api/v1/browse/progids", 401);
  });

  it("logs in, and tells state, history and events", async () => {
    await call("GET /api/v1/session", 200);
    await call("POST /api/v1/session", 401, { body: { user, password: "wrong word" } });
    await call("POST /api/v1/session", 400, { body: { user } });
    await client.login();
    await call("GET /api/v1/status", 200);
    await call("GET /api/v1/pairs/{name}/history", 200);
    await call("GET /api/v1/pairs/{name}/history", 404, nobody);
    await call("GET /api/v1/events", 200, { query: "severity=information&limit=500" });
    await call("GET /api/v1/events", 400, { query: "since=yesterday" });
    for (const format of ["json", "csv", "text"]) {
      await call("GET /api/v1/events/export", 200, { query: `format=${format}` });
    }
    await call("GET /api/v1/events/export", 400);
    await call("GET /api/v1/project/schema", 200);
    await call("GET /api/v1/project/export", 200, { query: "notifications=false" });
    await call("GET /api/v1/project/export", 400, { query: "notifications=perhaps" });
    await call("GET /api/v1/openapi.json", 200);
  });

  it("streams what it says", async () => {
    const name = "GET /api/v1/stream";
    await new Promise<void>((resolve, reject) => {
      const stream = request(new URL("/api/v1/stream", url), (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          const data = /event: status\ndata: (.*)\n\n/.exec(text)?.[1];
          if (data === undefined) return;
          stream.destroy();
          try {
            driver.check(name, {
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: "",
              json: () => JSON.parse(data),
            });
            driver.validate(["components", "schemas", "Status"], JSON.parse(data), name);
            resolve();
          } catch (error) {
            reject(error as Error);
          }
        });
      });
      stream.on("error", reject);
      stream.end();
    });
  });

  it("answers programs", async () => {
    for (const name of ["GET /health", "GET /ready", "GET /metrics"]) await call(name, 200);
    await call("GET /pairs/{name}/primary", 200);
    await call("GET /pairs/{name}/secondary", 503);
    for (const name of ["GET /pairs/{name}/primary", "GET /pairs/{name}/secondary"])
      await call(name, 404, nobody);
    for (const path of ["", "/live", "/stand-in"]) {
      await call(`GET /servers/{name}${path}`, 503, historian);
      await call(`GET /servers/{name}${path}`, 404, nobody);
    }
  });

  it("shows what can be picked", async () => {
    const browse = "GET /api/v1/pairs/{name}/browse";
    await call(browse, 200, { query: "member=primary" });
    await call(browse, 400, { query: "member=both" });
    await call(browse, 404, { ...nobody, query: "member=primary" });
    await call(browse, 200, { query: "member=primary", headers: { accept: "application/x-ndjson" } });
    const endpoint = encodeURIComponent(members.primary.endpointUrl);
    await call("GET /api/v1/browse/endpoints", 200, { query: `url=${endpoint}` });
    await call("GET /api/v1/browse/endpoints", 400, {
      query: `url=${encodeURIComponent("opc.tcp://127.0.0.1:9")}`,
    });
  });

  it("lets go of a server that says nothing when nobody waits for the answer any more", async () => {
    let arrived: () => void = () => undefined;
    const connected = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const silent = await ScriptedServer.start((line) => {
      if (line === null) arrived();
      return null;
    });
    try {
      const gone = new AbortController();
      const path = `/api/v1/browse/endpoints?url=${encodeURIComponent(`opc.tcp://127.0.0.1:${silent.port}`)}`;
      const asked = client.ask("GET", path, undefined, {}, gone.signal).catch(() => null);
      await connected;
      const startMs = performance.now();
      gone.abort();
      await Promise.all([asked, silent.left]);
      // left alone it gives up after 5 s
      assert.ok(performance.now() - startMs < 4000);
    } finally {
      await silent.stop();
    }
  });

  it("operates pairs", async () => {
    for (const name of ["suspend", "resume", "disable"]) {
      await call(`POST /api/v1/pairs/{name}/${name}`, 200, { body: { reason: "a test" } });
      await call(`POST /api/v1/pairs/{name}/${name}`, 404, { ...nobody, body: {} });
      await call(`POST /api/v1/pairs/{name}/${name}`, 400, { body: { why: "?" } });
    }
    await call("POST /api/v1/pairs/{name}/suspend", 409, { body: {} });
    await call("GET /api/v1/pairs/{name}/browse", 409, { query: "member=primary" });
    await call("POST /api/v1/pairs/{name}/enable", 200);
    await call("POST /api/v1/pairs/{name}/enable", 404, nobody);
    await broker.untilServing("Boiler");
    const switchover = "POST /api/v1/pairs/{name}/switchover";
    await call(switchover, 200, { body: { to: "secondary", dryRun: true } });
    await call(switchover, 200, { body: { to: "secondary", reason: "a test" } });
    await call(switchover, 404, { ...nobody, body: {} });
    await call("POST /api/v1/pairs/{name}/approve", 404, nobody);
    const mail = "POST /api/v1/notifications/test";
    await call(mail, 400, { body: { pair: null } });
    await call(mail, 404, { body: { pair: "Nobody" } });
  });

  it("changes, replaces and brings back the project", async () => {
    const pump = {
      server: "Pump",
      protocol: "opcua",
      primary: { machine: "127.0.0.1" },
      secondary: { machine: "127.0.0.2" },
    };
    const pairs = "POST /api/v1/project/pairs";
    const put = "PUT /api/v1/project";
    await changed(pairs, 201, { body: pump });
    await changed(pairs, 400, { body: pump });
    await call(pairs, 412, { body: pump });
    await changed("POST /api/v1/pairs/{name}/alias", 200, {
      params: { name: "Pump" },
      body: { alias: "Feed" },
    });
    await changed("POST /api/v1/pairs/{name}/alias", 404, { ...nobody, body: { alias: "Feed" } });
    const { project } = (await call("GET /api/v1/project", 200)).json<{
      project: { diagnostics: object; opcUa: object };
    }>();
    await changed(put, 200, {
      body: { project: { ...project, diagnostics: { ...project.diagnostics, maximumEvents: 4000 } } },
    });
    await changed(put, 400, { body: { project: { ...project, pairs: 7 } } });
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const known = await version();
    const refused = await changed(put, 400, {
      body: { project: { ...project, opcUa: { ...project.opcUa, port } } },
    });
    taken.close();
    assert.equal(refused.json<{ code: string }>().code, "LISTEN_FAILED");
    assert.equal(await version(), known, "what the broker refuses is not there");
    await call(put, 412, { body: { project }, headers: { "if-match": "0" } });
    const lines = await changed(put, 200, { body: { project }, headers: { accept: "application/x-ndjson" } });
    assert.deepEqual(
      lines.text
        .trimEnd()
        .split("\n")
        .map((line) => Object.keys(JSON.parse(line) as object)[0]),
      ["progress", "progress", "progress", "result"],
    );
    const lost = await changed(pairs, 200, { body: pump, headers: { accept: "application/x-ndjson" } });
    assert.match(lost.text, /"result":/);
    await changed("DELETE /api/v1/project/pairs/{name}", 200, { params: { name: "Pump" } });
    await changed("DELETE /api/v1/project/pairs/{name}", 404, nobody);
    const server = { name: "Files", address: "127.0.0.1" };
    await changed("POST /api/v1/project/servers", 201, { body: server });
    await changed("POST /api/v1/project/servers", 400, { body: server });
    await changed("DELETE /api/v1/project/servers/{name}", 200, { params: { name: "Files" } });
    await changed("DELETE /api/v1/project/servers/{name}", 404, nobody);

    const xml = (await call("GET /api/v1/project/export", 200)).text;
    const upload = { "content-type": "application/xml" };
    const load = "POST /api/v1/project/import";
    const undo = "POST /api/v1/project/undo";
    await changed(undo, 404);
    await call(load, 200, { body: xml, headers: upload, query: "dryRun=true" });
    await call(load, 400, { body: xml.slice(0, 100), headers: upload, query: "dryRun=true" });
    await call(load, 412, { body: xml, headers: upload });
    await changed(load, 200, {
      body: xml.replace("<alias>Feed</alias>", "<alias>Water</alias>"),
      headers: upload,
      query: "keepEnabled=true",
    });
    await call("GET /api/v1/pairs/{name}/history", 200, { params: { name: "Water" } });
    await call(undo, 200, { query: "dryRun=true" });
    await changed(undo, 200);
    await call("GET /api/v1/pairs/{name}/history", 200, { params: { name: "Feed" } });
  });

  it("operates protected servers", async () => {
    const post = (path: string, status: number, options: Call = {}) =>
      call(`POST /api/v1/servers/{name}/${path}`, status, { ...historian, body: {}, ...options });
    await post("enable", 200);
    for (const path of ["suspend", "stop", "resume", "cancel"]) await post(path, 200);
    for (const path of ["enable", "suspend", "stop", "resume", "cancel", "disable"])
      await post(path, 404, nobody);
    await until(async () => (await client.ask("GET", "/servers/Historian/live")).status === 200);
    await call("GET /servers/{name}/live", 200, historian);
    await call("GET /servers/{name}", 200, historian);
    await post("check", 200);
    await post("check", 404, nobody);
    await post("failover-test", 200, { body: { dryRun: true } });
    await post("failover-test", 404, nobody);
    await post("failback", 409);
    await post("approve", 200);
    await post("approve", 404, nobody);
    await post("replicate", 409, { body: { direction: "toLive" } });
    await post("replicate", 400, { body: { direction: "sideways" } });
    await post("failover", 404, nobody);
    await post("failover", 200, { body: { reason: "a test" } });
    await until(async () => (await client.ask("GET", "/servers/Historian/stand-in")).status === 200);
    await call("GET /servers/{name}/stand-in", 200, historian);
    await call("GET /api/v1/status", 200);
    await post("failback", 200, { body: { dryRun: true } });
    await post("disable", 409);
    await post("failback", 200);
    await until(async () => {
      const { servers } = (await client.ask("GET", "/api/v1/status")).json<StatusAnswer>();
      return servers.every(({ role, work }) => role === "live" && work === null);
    });
    await post("disable", 200);
  });

  it("approves what waits, and tells how it is when a member is gone", async () => {
    await members.primary.stop();
    await broker.untilStatus(
      "Mill",
      ({ awaitingApproval }) => awaitingApproval !== null,
      "waiting for approval",
    );
    await call("GET /ready", 503);
    await call("GET /api/v1/status", 200);
    await call("POST /api/v1/pairs/{name}/approve", 200, { params: { name: "Mill" } });
    await broker.untilStatus("Mill", ({ active }) => active === "secondary", "served by the secondary");
    await call("GET /pairs/{name}/secondary", 200, { params: { name: "Mill" } });
    await call("GET /pairs/{name}/primary", 503, { params: { name: "Mill" } });
    await call("GET /api/v1/events", 200);
    await call("DELETE /api/v1/events", 204, { query: "pair=Mill" });
    await call("DELETE /api/v1/events", 400, { query: "member=primary" });
  });

  it("answers also where what it takes is not here", async () => {
    const others = await TestConsole.start();
    try {
      await others.login();
      for (const [name, options] of Object.entries(remembered)) await driver.call(others, name, 200, options);
      await driver.call(others, "POST /api/v1/notifications/test", 200, { body: { pair: null } });
      for (let attempt = 0; attempt < 3; attempt++) await others.login(user, "wrong word");
      await driver.call(others, "POST /api/v1/session", 429, { body: { user, password } });
    } finally {
      await others.stop();
    }
    await call("POST /api/v1/session", 200, { body: { user, password } });
    await client.refresh();
    await call("DELETE /api/v1/session", 200);
  });

  it("is described as it was driven: every operation with an answer and a refusal", () => {
    const lacking = driver.operations.filter((name) => {
      const statuses = [...(driver.seen.get(name) ?? [])];
      return !statuses.some((status) => status < 300) || !statuses.some((status) => status >= 400);
    });
    assert.deepEqual(lacking, []);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < endMs, "not reached in time");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
