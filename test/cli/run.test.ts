import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { temporaryDirectory } from "../control/helpers.ts";
import { type Bench, createBench, delivered } from "./helpers.ts";

describe("understudy run", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let bench: Bench;
  let port: number;

  beforeEach(async () => {
    directory = temporaryDirectory();
    port = await freePort();
    const project = await projectOf(port, 200);
    writeFileSync(join(directory.path, "redundancymaster.xml"), project);
    bench = createBench(directory.path, join(directory.path, "state"), delivered);
  });
  afterEach(async () => {
    await bench.endAll();
    directory.remove();
  });

  it("serves a pair whose members are both down, says so in the events, and ends on SIGTERM", async () => {
    const broker = await bench.broker(["--enable-all"]);
    assert.deepEqual(broker.ready, {
      ready: true,
      pid: broker.process.pid,
      endpoints: [`opc.tcp://127.0.0.1:${port}/Boiler`],
    });
    const follow = bench.start(["events", "--follow", "--json", "--limit", "1000"]);
    const codes: string[] = [];
    while (codes.filter((code) => code === "connectFailed").length < 2) {
      codes.push((JSON.parse(await follow.nextLine()) as { code: string }).code);
    }
    assert.deepEqual(codes.slice(0, 2), ["brokerStarted", "listening"]);
    const status = await bench.run("pair", "status", "--json");
    const [pair] = JSON.parse(status.stdout) as { enabled: boolean; active: string | null }[];
    assert.deepEqual([pair?.enabled, pair?.active], [true, null]);
    broker.process.kill("SIGTERM");
    assert.equal((await broker.finished).code, 0);
    assert.equal((await follow.finished).code, 1);
  });

  it("applies a changed setting with reload, and keeps what runs where the port is taken", async () => {
    await bench.broker();
    const enabled = await bench.run("pair", "enable", "Boiler");
    assert.equal(enabled.code, 0, enabled.stderr);
    writeFileSync(join(directory.path, "redundancymaster.xml"), await projectOf(port, 300));
    assert.match((await bench.run("reload")).stdout, /: Boiler\n$/);
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const other = (taken.address() as AddressInfo).port;
    writeFileSync(join(directory.path, "redundancymaster.xml"), await projectOf(other, 300));
    const refused = await bench.run("reload");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^error LISTEN_FAILED: /);
    assert.match(
      (await bench.run("pair", "status", "Boiler")).stdout,
      new RegExp(`127\\.0\\.0\\.1:${port}/Boiler`),
    );
    const closed = once(taken, "close");
    taken.close();
    await closed;
  });

  it("takes what a service host without signals asks for as lines, and ends with it", async () => {
    const host = { UNDERSTUDY_SERVICE_HOST: "stdin" };
    const first = await bench.broker([], host, "pipe");
    first.process.stdin?.write("nonsense\r\nreload\r\nstop\r\n");
    assert.equal((await first.finished).code, 0);
    const second = await bench.broker([], host, "pipe");
    second.process.stdin?.end();
    assert.equal((await second.finished).code, 0);
  });

  it("ends with exit code 1 and the reason where its port is taken, and can be started again", async () => {
    const taken = createServer();
    taken.listen(port, "127.0.0.1");
    await once(taken, "listening");
    const { code, stderr } = await bench.run("run");
    assert.equal(code, 1);
    assert.match(stderr, /^error LISTEN_FAILED: /m);
    const closed = once(taken, "close");
    taken.close();
    await closed;
    await bench.broker();
  });
});

/** A pair of servers that are not there. */
async function projectOf(port: number, queryIntervalMs: number): Promise<string> {
  const member = async (): Promise<string> =>
    `<machine>127.0.0.1</machine><endpointUrl>opc.tcp://127.0.0.1:${await freePort()}</endpointUrl>
     <securityPolicy>None</securityPolicy>`;
  return `<redundancymaster version="1">
  <opcUa><port>${port}</port></opcUa>
  <pairs>
    <pair>
      <server>Boiler</server>
      <protocol>opcua</protocol>
      <primary>${await member()}</primary>
      <secondary>${await member()}</secondary>
      <queryServerStatusInterval>${queryIntervalMs}</queryServerStatusInterval>
      <queryServerStatusTimeout>100</queryServerStatusTimeout>
    </pair>
  </pairs>
</redundancymaster>
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const closed = once(server, "close");
  server.close();
  await closed;
  return port;
}
