import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  AttributeIds,
  CallRequest,
  CallResponse,
  DataType,
  ReadRequest,
  ReadResponse,
  ServerState,
  WriteRequest,
  WriteResponse,
} from "node-opcua";
import type { ServiceError } from "../../src/opc/ua/upstream/upstream-session.ts";
import { BenchSession } from "../../tools/bench/client/bench-session.ts";
import { SimulatorProcess } from "../../tools/simulator/process.ts";
import { ProtocolClient } from "./protocol-client.ts";
import { waitFor } from "./wait.ts";

const read = () =>
  new ReadRequest({
    timestampsToReturn: 2,
    nodesToRead: [{ nodeId: "i=2259", attributeId: AttributeIds.Value }],
  });

function write(name: string, dataType: DataType, value: unknown): WriteRequest {
  return new WriteRequest({
    nodesToWrite: [
      {
        nodeId: `ns=1;s=_System.${name}`,
        attributeId: AttributeIds.Value,
        value: { value: { dataType, value } },
      },
    ],
  });
}

describe("A simulator's faults", () => {
  let simulator: SimulatorProcess;
  let client: ProtocolClient;

  before(async () => {
    simulator = await SimulatorProcess.start({ name: "primary", items: 10 });
  });
  after(async () => {
    await simulator.stop();
  });
  beforeEach(async () => {
    client = await ProtocolClient.connect(simulator.endpointUrl);
  });
  afterEach(async () => {
    client.session.abort();
    if (simulator.isRunning) await simulator.control({ command: "reset" });
  });

  /** Whether a request is answered within the time. */
  const answers = (withinMs: number) =>
    client.session
      .call(read(), withinMs)
      .then(() => true)
      .catch((error: ServiceError) => {
        assert.equal(error.code, "REQUEST_TIMEOUT");
        return false;
      });

  it("hang: nothing is answered until it is released, then everything", async () => {
    await simulator.control({ command: "hang" });
    const late = client.session.call(read(), 10_000);
    assert.equal(await answers(150), false);
    await assert.rejects(BenchSession.open(simulator.endpointUrl, 150), { code: "CONNECT_TIMEOUT" });
    await simulator.control({ command: "release" });
    await late;
    assert.equal(await answers(2000), true);
  });

  it("hang by a write: the write is answered, what follows is not", async () => {
    const written = await client.call(write("Hang", DataType.UInt32, 300), WriteResponse);
    assert.equal(written.results?.[0]?.name, "Good");
    assert.equal(await answers(100), false);
    assert.equal(await answers(5000), true);
  });

  it("slow: answers are late", async () => {
    await simulator.control({ command: "slow", delayMs: 200 });
    assert.equal(await answers(100), false);
    assert.equal(await answers(5000), true);
  });

  it("refuse: no new connection, or no new session", async () => {
    await simulator.control({ command: "refuse", connections: true });
    await assert.rejects(BenchSession.open(simulator.endpointUrl, 2000), { code: "CONNECT_FAILED" });
    assert.equal(await answers(2000), true);
    await simulator.control({ command: "refuse", connections: false, sessions: true });
    await assert.rejects(
      BenchSession.open(simulator.endpointUrl, 2000),
      (error: ServiceError) => error.statusCode.name === "BadTooManySessions",
    );
  });

  it("drop: every connection is gone, new ones are welcome", async () => {
    const lost = new Promise<void>((resolve) => {
      client.session.onLost = () => resolve();
    });
    await simulator.control({ command: "drop" });
    await lost;
    const session = await BenchSession.open(simulator.endpointUrl, 2000);
    await session.close();
  });

  it("frozen watchdog: the value stands still and runs on", async () => {
    const subscription = await client.subscribe({ intervalMs: 100, keepAliveCount: 5 });
    await client.monitor(subscription, [{ node: "ns=1;s=_System.Watchdog", handle: 1 }]);
    client.publish(40);
    await client.message((message) => message.values.length > 0, "a beat");
    await simulator.control({ command: "freezeWatchdog", frozen: true });
    await client.message((message) => message.values.length === 0, "silence");
    await simulator.control({ command: "freezeWatchdog", frozen: false });
    await waitFor(client, "message", () => ((client.messages.at(-1)?.values.length ?? 0) > 0 ? true : null));
  });

  it("a value set from outside reaches its subscribers", async () => {
    const subscription = await client.subscribe({ intervalMs: 50 });
    await client.monitor(subscription, [{ node: "ns=1;s=_System.State", handle: 1, samplingIntervalMs: 50 }]);
    client.publish(10);
    await client.message((message) => message.values.length > 0, "the first value");
    const changed = waitFor(client, "message", () => true);
    await simulator.control({ command: "set", item: "ns=1;s=_System.State", value: 5 });
    await changed;
  });

  it("switches in the address space do the same, and tell what is on", async () => {
    const value = async (name: string) => {
      const request = new ReadRequest({
        timestampsToReturn: 2,
        nodesToRead: [{ nodeId: `ns=1;s=_System.${name}`, attributeId: AttributeIds.Value }],
      });
      const { results } = await client.call(request, ReadResponse);
      return [results?.[0]?.value.value, results?.[0]?.statusCode.name];
    };
    assert.deepEqual(await value("Quality"), [true, "Good"]);
    await client.call(write("QualityGood", DataType.Boolean, false), WriteResponse);
    assert.deepEqual(await value("Quality"), [true, "BadSensorFailure"]);
    assert.deepEqual(await value("QualityGood"), [false, "Good"]);
    await client.call(
      new CallRequest({ methodsToCall: [{ objectId: "ns=1;s=_System", methodId: "ns=1;s=_System.Reset" }] }),
      CallResponse,
    );
    assert.deepEqual(await value("Quality"), [true, "Good"]);
    assert.deepEqual(await value("QualityGood"), [true, "Good"]);
  });

  it("SIGSTOP: connections stay, answers come after SIGCONT", async () => {
    simulator.freeze();
    assert.equal(await answers(150), false);
    simulator.thaw();
    assert.equal(await answers(5000), true);
  });

  it("commands that make no sense are refused by name", async () => {
    await assert.rejects(
      simulator.control({ command: "quality", item: "*", good: false, status: "BadLuck" }),
      /unknown status code BadLuck/,
    );
    await assert.rejects(
      simulator.control({ command: "set", item: "ns=1;s=Ramp0", value: 1 }),
      /no item whose value can be set/,
    );
  });

  it("shutdown: the state says so, then the process ends", async () => {
    const subscription = await client.subscribe({ intervalMs: 50 });
    await client.monitor(subscription, [{ node: "i=2259", handle: 1, samplingIntervalMs: 50 }]);
    client.publish(10);
    await client.message((message) => message.values.length > 0, "the state");
    const states = waitFor(client, "message", () =>
      client.messages.flatMap((message) => message.values).length >= 2 ? true : null,
    );
    await simulator.control({ command: "shutdown", afterMs: 500, reason: "maintenance" });
    await states;
    const lost = new Promise<void>((resolve) => {
      client.session.onLost = () => resolve();
    });
    await Promise.all([lost, simulator.exited]);
    assert.equal(ServerState.Shutdown, 4);
  });
});

describe("A simulator process", () => {
  it("ends when the process that started it is killed", async () => {
    const helper = fileURLToPath(new URL("../../tools/simulator/process.js", import.meta.url));
    const script = `
      const { SimulatorProcess } = await import(${JSON.stringify(helper)});
      console.log((await SimulatorProcess.start()).pid);
    `;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    const pid = Number(line);
    process.kill(pid, 0);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  it("says what is wrong with its options", async () => {
    await assert.rejects(SimulatorProcess.start({ items: 1.5 }), /ended with code 2/);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
