import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { BrokerApi } from "../../src/control/broker-api.ts";
import { type ControlClient, connectControl } from "../../src/control/client.ts";
import { requestLimitBytes } from "../../src/control/protocol.ts";
import { type ControlServer, serveControl } from "../../src/control/server.ts";
import { createJournal, type Journal } from "../../src/diagnostics/journal.ts";
import { anEvent } from "../diagnostics/helpers.ts";
import { rememberingBroker, temporaryDirectory, thisBroker } from "./helpers.ts";

const onUnix = process.platform !== "win32";

describe("controlling a broker over its local socket", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let journal: Journal;
  let broker: ReturnType<typeof rememberingBroker>;
  const servers: ControlServer[] = [];
  const clients: ControlClient[] = [];
  const internalErrors: unknown[] = [];

  beforeEach(() => {
    directory = temporaryDirectory();
    journal = createJournal();
    broker = rememberingBroker();
    internalErrors.length = 0;
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const server of servers.splice(0)) await server.close();
    directory.remove();
  });

  async function serve(stateDirectory = directory.path, api: BrokerApi = broker.api): Promise<ControlServer> {
    const server = await serveControl({
      api,
      journal,
      stateDirectory,
      info: thisBroker,
      onInternalError: (error) => internalErrors.push(error),
    });
    servers.push(server);
    return server;
  }

  async function client(stateDirectory = directory.path): Promise<ControlClient> {
    const connected = await connectControl(stateDirectory, { timeoutMs: 2000 });
    clients.push(connected);
    return connected;
  }

  it("says who runs there and carries every call with its arguments and answer", async () => {
    await serve();
    const remote = await client();
    assert.deepEqual(remote.info, thisBroker);
    assert.deepEqual(await remote.status(), await broker.api.status());
    await remote.enable("Boiler", "r1");
    await remote.disable("Boiler", "r2");
    await remote.suspend("Boiler", "r3");
    await remote.resume("Boiler", "r4");
    await remote.approve("Boiler", "r5");
    const options = { to: null, reason: "test", force: true, dryRun: true };
    assert.equal((await remote.switchover("Boiler", options)).dryRun, true);
    assert.deepEqual((await remote.reload()).added, ["Pump"]);
    assert.deepEqual(broker.calls, [
      ["enable", "Boiler", "r1"],
      ["disable", "Boiler", "r2"],
      ["suspend", "Boiler", "r3"],
      ["resume", "Boiler", "r4"],
      ["approve", "Boiler", "r5"],
      ["switchover", "Boiler", options],
      ["reload"],
    ]);
  });

  it("ends work under way when asked, and when whoever asked has gone", async () => {
    const begun: (() => void)[] = [];
    const ended: Promise<unknown>[] = [];
    const work = (signal: AbortSignal | undefined): Promise<never> => {
      assert.ok(signal);
      const end = once(signal, "abort").then(() => signal.throwIfAborted());
      ended.push(end.catch((error: unknown) => error));
      begun.shift()?.();
      return end as Promise<never>;
    };
    const begins = () => new Promise<void>((resolve) => begun.push(resolve));
    await serve(directory.path, {
      ...broker.api,
      findEndpoints: (_url, following) => work(following?.signal),
      findServers: (_machine, following) => work(following?.signal),
    });
    const remote = await client();
    const abort = new AbortController();
    const first = begins();
    const found = remote.findEndpoints("opc.tcp://nowhere:4840", { signal: abort.signal });
    await first;
    abort.abort();
    await assert.rejects(found, { code: "CANCELLED" });
    const second = begins();
    const lost = assert.rejects(remote.findServers(null), { code: "CONTROL_CLOSED" });
    await second;
    remote.close();
    await lost;
    for (const error of await Promise.all(ended)) assert.equal((error as { code: string }).code, "CANCELLED");
    assert.deepEqual(internalErrors, []);
  });

  it("carries a refusal as the error it is", async () => {
    await serve();
    const remote = await client();
    await assert.rejects(remote.enable("Nobody", ""), {
      name: "UnderstudyError",
      code: "PAIR_UNKNOWN",
      message: "There is no pair 'Nobody'.",
    });
    await assert.rejects(
      remote.switchover("Boiler", { to: "primary", reason: "", force: false, dryRun: false }),
      {
        code: "SWITCH_REFUSED",
      },
    );
    assert.deepEqual(internalErrors, []);
  });

  it("answers an unexpected error as INTERNAL, tells the broker, and goes on", async () => {
    await serve(directory.path, {
      ...broker.api,
      reload: () => Promise.reject(new TypeError("x is undefined")),
    });
    const remote = await client();
    await assert.rejects(remote.reload(), { code: "INTERNAL" });
    assert.equal(internalErrors.length, 1);
    assert.equal((await remote.status()).length, 1);
  });

  it("can only be opened by its user", async function () {
    if (!onUnix) this.skip();
    const server = await serve();
    assert.equal(statSync(server.address).mode & 0o777, 0o600);
    assert.equal(statSync(join(directory.path, "run")).mode & 0o777, 0o700);
  });

  it("closes a run directory that stands open", async function () {
    if (!onUnix) this.skip();
    mkdirSync(join(directory.path, "run"));
    chmodSync(join(directory.path, "run"), 0o777);
    await serve();
    assert.equal(statSync(join(directory.path, "run")).mode & 0o777, 0o700);
  });

  it("works where the state directory's path is too long for a socket", async function () {
    if (process.platform !== "linux") this.skip();
    const long = join(directory.path, "a".repeat(100), "b".repeat(100));
    const server = await serve(long);
    assert.ok(existsSync(server.address));
    assert.equal((await (await client(long)).status()).length, 1);
    await assert.rejects(serve(long), { code: "BROKER_ALREADY_RUNNING" });
    await server.close();
    assert.deepEqual(readdirSync(join(long, "run")), []);
    await assert.rejects(client(long), { code: "BROKER_NOT_RUNNING" });
  });

  it("refuses a second broker on the same state directory and names the process of the first", async () => {
    await serve();
    await assert.rejects(serve(), (error: Error & { code?: string }) => {
      assert.equal(error.code, "BROKER_ALREADY_RUNNING");
      assert.match(error.message, new RegExp(`process ${process.pid}\\b`));
      return true;
    });
    assert.equal((await (await client()).status()).length, 1, "the first goes on");
  });

  it("takes over the socket of a process that was killed", async function () {
    if (!onUnix) this.skip();
    mkdirSync(join(directory.path, "run"), { mode: 0o700 });
    const socket = join(directory.path, "run", "control.sock");
    const dead = spawn(
      process.execPath,
      ["-e", `require("net").createServer().listen(${JSON.stringify(socket)}, () => console.log("up"))`],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(dead.stdout, "data");
    dead.kill("SIGKILL");
    await once(dead, "exit");
    assert.ok(existsSync(socket), "the dead process left its socket");
    await assert.rejects(client(), { code: "BROKER_NOT_RUNNING" });
    await serve();
    assert.equal((await (await client()).status()).length, 1);
  });

  it("does not take the socket from a process that is alive but answers nothing", async function () {
    if (!onUnix) this.skip();
    mkdirSync(join(directory.path, "run"), { mode: 0o700 });
    const held: Socket[] = [];
    const silent = createServer((socket) => held.push(socket));
    silent.listen(join(directory.path, "run", "control.sock"));
    await once(silent, "listening");
    await assert.rejects(serve(), { code: "BROKER_ALREADY_RUNNING" });
    const closed = once(silent, "close");
    for (const socket of held) socket.destroy();
    silent.close();
    await closed;
  });

  it("lets exactly one of several brokers started at the same time have it", async () => {
    const outcomes = await Promise.allSettled([serve(), serve(), serve(), serve()]);
    assert.equal(outcomes.filter((outcome) => outcome.status === "fulfilled").length, 1);
  });

  it("leaves nothing behind, and tells clients that the broker has gone", async () => {
    const server = await serve();
    const remote = await client();
    const lost = assert.rejects(
      async () => {
        for await (const _ of remote.events({ past: 0, follow: true }));
      },
      { code: "CONTROL_CONNECTION_LOST" },
    );
    await remote.status();
    await server.close();
    await lost;
    assert.deepEqual(readdirSync(join(directory.path, "run")), []);
    await assert.rejects(remote.status(), { code: "CONTROL_CONNECTION_LOST" });
    await assert.rejects(client(), { code: "BROKER_NOT_RUNNING" });
  });

  describe("events", () => {
    it("come from the past, filtered, and only as many as asked", async () => {
      await serve();
      for (let index = 0; index < 2000; index++)
        journal.append(anEvent({ pair: index % 2 === 0 ? "A" : "B" }));
      const remote = await client();
      const seen: number[] = [];
      for await (const item of remote.events({ filter: { pair: "B" }, past: 3, follow: false })) {
        if (item.kind === "event") seen.push(item.event.id);
      }
      assert.deepEqual(seen, [1996, 1998, 2000]);
      let count = 0;
      for await (const _ of remote.events({ past: null, follow: false })) count++;
      assert.equal(count, 2000);
    });

    it("go on with new ones without a gap or a double, until the reader leaves", async () => {
      await serve();
      journal.append(anEvent());
      const remote = await client();
      const seen: number[] = [];
      for await (const item of remote.events({ past: null, follow: true })) {
        if (item.kind === "event") seen.push(item.event.id);
        if (seen.length < 50) journal.append(anEvent());
        else break;
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
      assert.equal((await remote.status()).length, 1, "the connection is still good");
    });

    it("never pile up for a reader that stands still: it is told how many it missed", async () => {
      const server = await serve();
      const socket = connect(server.address);
      await once(socket, "connect");
      socket.pause();
      socket.write(
        '{"id":1,"method":"hello","params":{"protocol":1}}\n{"id":2,"method":"events","params":{"follow":true}}\n',
      );
      const message = "x".repeat(2000);
      for (let index = 0; index < 5000; index++) {
        journal.append(anEvent({ message }));
        if (index % 100 === 0) await new Promise(setImmediate);
      }
      const lines = readLines(socket);
      let events = 0;
      let missed = 0;
      for await (const line of lines) {
        const answer = JSON.parse(line) as { id: number; event?: object; missed?: number };
        if (answer.event !== undefined) events++;
        missed += answer.missed ?? 0;
        if (events + missed >= 5000) break;
      }
      assert.ok(missed > 0);
      assert.equal(events + missed, 5000);
      socket.destroy();
    });

    it("are forgotten on request", async () => {
      await serve();
      journal.append(anEvent());
      await (await client()).clearEvents();
      assert.deepEqual(journal.query(), []);
    });
  });

  describe("input that is no request", () => {
    async function raw(text: string | Buffer): Promise<string[]> {
      const server = servers[0] ?? (await serve());
      const socket = connect(server.address);
      const answers: string[] = [];
      socket.setEncoding("utf8");
      socket.on("data", (chunk: string) => answers.push(...chunk.split("\n").filter((line) => line !== "")));
      socket.on("error", () => undefined);
      const ended = once(socket, "close");
      socket.write(text);
      await ended;
      return answers;
    }

    for (const [name, text] of [
      ["text", "GET / HTTP/1.1\r\n\r\n"],
      ["a number", "17\n"],
      ["an array", "[]\n"],
      ["a request without an id", '{"method":"status"}\n'],
      ["a request whose params are a text", '{"id":1,"method":"status","params":"x"}\n'],
      ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x0a])],
      ["a line without end", "x".repeat(requestLimitBytes + 1)],
    ] as const) {
      it(`(${name}) gets one error, and the broker goes on`, async () => {
        const answers = await raw(text);
        assert.equal(answers.length, 1);
        assert.equal(
          (JSON.parse(answers[0] ?? "") as { error: { code: string } }).error.code,
          "CONTROL_BAD_REQUEST",
        );
        assert.equal((await (await client()).status()).length, 1);
      });
    }

    it("is refused one by one where the request can be read", async () => {
      const server = await serve();
      const socket = connect(server.address);
      const requests = [
        '{"id":1,"method":"status"}',
        '{"id":2,"method":"hello","params":{"protocol":99}}',
        '{"id":3,"method":"hello","params":{"protocol":1}}',
        '{"id":4,"method":"toString"}',
        '{"id":5,"method":"enable","params":{"pair":["Boiler"],"reason":""}}',
        '{"id":6,"method":"switchover","params":{"pair":"Boiler","to":"third","reason":""}}',
        '{"id":7,"method":"events","params":{"filter":{"codes":[1]}}}',
        '{"id":8,"method":"events","params":{"past":-1}}',
        `{"id":9,"method":"suspend","params":{"pair":"Boiler","reason":"${"r".repeat(1001)}"}}`,
        '{"id":10,"method":"status"}',
      ];
      socket.write(`${requests.join("\n")}\n`);
      const codes = new Map<number, string>();
      for await (const line of readLines(socket)) {
        const answer = JSON.parse(line) as { id: number; error?: { code: string } };
        codes.set(answer.id, answer.error?.code ?? "ok");
        if (codes.size === requests.length) break;
      }
      socket.destroy();
      assert.deepEqual(
        [...codes].sort((a, b) => a[0] - b[0]).map(([, code]) => code),
        [
          "CONTROL_BAD_REQUEST",
          "CONTROL_PROTOCOL_MISMATCH",
          "ok",
          "CONTROL_UNKNOWN_METHOD",
          ...Array<string>(5).fill("CONTROL_BAD_REQUEST"),
          "ok",
        ],
      );
      assert.deepEqual(broker.calls, []);
    });
  });
});

async function* readLines(socket: Socket): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of socket) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
