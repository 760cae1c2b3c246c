import assert from "node:assert/strict";
import { once } from "node:events";
import type { ImportAnswer, WorkLine } from "../../src/console/contract.ts";
import { UnderstudyError } from "../../src/core/error.ts";
import { testNotification } from "../../src/notify/test-mail.ts";
import { newProject } from "../../src/project/project-document.ts";
import { rules, ScriptedServer } from "../notify/support.ts";
import { TestConsole } from "./support.ts";

const lines = { accept: "application/x-ndjson" };
const mailTest = "/api/v1/notifications/test";

describe("work that takes its time, asked for over HTTP", function () {
  this.timeout(60_000);
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  async function start(change: Parameters<typeof TestConsole.start>[0]): Promise<TestConsole> {
    const started = await TestConsole.start(change);
    stops.push(() => started.stop());
    await started.login();
    return started;
  }

  it("ends when whoever asked has gone", async () => {
    let began: (signal: AbortSignal) => void = () => undefined;
    const work = (signal: AbortSignal | undefined): Promise<never> => {
      assert.ok(signal);
      began(signal);
      return once(signal, "abort").then(() => signal.throwIfAborted()) as Promise<never>;
    };
    const console_ = await start({
      browse: (_pair, _member, _node, following) => work(following?.signal),
      findEndpoints: (_url, following) => work(following?.signal),
      findServers: (_machine, following) => work(following?.signal),
      testNotification: (_pair, following) => work(following?.signal),
    });
    for (const [method, path, body] of [
      ["GET", "/api/v1/pairs/Boiler/browse?member=primary"],
      ["GET", "/api/v1/browse/endpoints?url=plc-a"],
      ["GET", "/api/v1/browse/progids"],
      ["POST", mailTest, { pair: null }],
    ] as const) {
      const begun = new Promise<AbortSignal>((resolve) => {
        began = resolve;
      });
      const gone = new AbortController();
      const asked = console_.ask(method, path, body, {}, gone.signal).catch((error: Error) => error.name);
      const signal = await begun;
      assert.equal(signal.aborted, false);
      const ended = once(signal, "abort");
      gone.abort();
      assert.equal(await asked, "AbortError");
      await ended;
    }
    assert.equal((await console_.ask("GET", "/api/v1/status")).status, 200);
  });

  it("tells a test mail word by word, and hangs up on the mail server when it is broken off", async () => {
    const silent = await ScriptedServer.start((line) => (line === null ? "220 hello" : null));
    stops.push(() => silent.stop());
    const primary = {
      host: "127.0.0.1",
      port: silent.port,
      security: "none",
      user: null,
      password: null,
    } as const;
    const console_ = await start({
      testNotification: (pair, following) =>
        testNotification(rules({ servers: { primary, secondary: null } }), pair, following),
    });
    const gone = new AbortController();
    const told: WorkLine[] = [];
    const asked = console_.ask("POST", mailTest, { pair: null }, lines, gone.signal, (part) => {
      for (const line of part.trimEnd().split("\n")) {
        const step = JSON.parse(line) as WorkLine;
        told.push(step);
        if ("progress" in step && step.progress.includes("EHLO")) gone.abort();
      }
    });
    await asked.catch(() => undefined);
    await silent.left;
    assert.ok(told.some((step) => "progress" in step && step.progress === "primary < 220 hello"));
  });

  it("ends its lines with the result or the error, and refuses with its own status what does not begin", async () => {
    const refusal = new UnderstudyError("SWITCH_REFUSED", "Not now.");
    const console_ = await start({
      async testNotification(pair, following) {
        if (pair === "Nobody") throw refusal;
        following?.progress?.("one");
        following?.progress?.("two");
        if (pair === "Boiler") throw refusal;
        return [];
      },
    });
    const test = (pair: string | null, headers: Readonly<Record<string, string>> = lines) =>
      console_.ask("POST", mailTest, { pair }, headers);
    const steps = `{"progress":"one"}\n{"progress":"two"}\n`;
    const done = await test(null);
    assert.equal(done.text, `${steps}{"result":{"tests":[]}}\n`);
    assert.match(String(done.headers["content-type"]), /^application\/x-ndjson/);
    assert.equal(done.headers["x-content-type-options"], "nosniff");
    const failed = await test("Boiler");
    assert.equal(failed.text, `${steps}{"error":{"code":"SWITCH_REFUSED","message":"Not now."}}\n`);
    assert.equal((await test("Nobody")).status, 409);
    assert.equal((await test("Boiler", {})).status, 409);
  });

  it("does not begin to save what nobody waits for any more, and carries to its end what is being saved", async () => {
    let applying: () => void = () => undefined;
    let apply: () => void = () => undefined;
    let reloads = 0;
    const console_ = await start({
      reload: async () => {
        reloads += 1;
        applying();
        await new Promise<void>((resolve) => {
          apply = resolve;
        });
        return { added: [], removed: [], changed: [], restarted: [] };
      },
    });
    const versionNow = async () =>
      (await console_.ask("GET", "/api/v1/project")).json<{ version: string }>().version;
    const known = await versionNow();
    const [primary, secondary] = [{ machine: "a" }, { machine: "b" }];
    const add = (server: string, signal: AbortSignal) =>
      console_
        .ask(
          "POST",
          "/api/v1/project/pairs",
          { server, protocol: "opcua", primary, secondary },
          { "if-match": known },
          signal,
        )
        .catch(() => null);
    const [first, second] = [new AbortController(), new AbortController()];
    const begun = new Promise<void>((resolve) => {
      applying = resolve;
    });
    const asked = add("Pump", first.signal);
    await begun;
    const waiting = add("Mill", second.signal);
    first.abort();
    second.abort();
    await Promise.all([asked, waiting]);
    // a look at what an import would change does not take the save for one that was cut off
    const xml = { "content-type": "application/xml" };
    const look = console_.ask("POST", "/api/v1/project/import?dryRun=true", newProject().toString(), xml);
    await console_.ask("GET", "/api/v1/status");
    apply();
    assert.match((await look).json<ImportAnswer>().text, /Pump/);
    while ((await versionNow()) === known) await new Promise((resolve) => setImmediate(resolve));
    // in its turn, after all that was asked before
    const third = console_.ask("DELETE", "/api/v1/project/pairs/Pump", undefined, {
      "if-match": await versionNow(),
    });
    await new Promise<void>((resolve) => {
      applying = resolve;
    });
    apply();
    assert.equal((await third).status, 200);
    assert.equal(reloads, 2);
  });
});
