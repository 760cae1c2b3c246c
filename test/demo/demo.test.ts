import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { steps } from "../../tools/demo/steps.ts";

const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const demo = fileURLToPath(new URL("../../tools/demo/main.js", import.meta.url));
const sample = fileURLToPath(new URL("../../../redundancymaster.xml", import.meta.url));

interface Running {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** Resolves when the process has ended and all output is there. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string; readonly errors: string }>;
  /** Resolves when the output matches. */
  said(pattern: RegExp): Promise<void>;
  /** Processes the demo has named so far. */
  pids(): number[];
}

describe("the demo", () => {
  let directory: string;
  let project: string;
  let ports: readonly number[];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "understudy-test-demo-"));
    project = join(directory, "redundancymaster.xml");
    ports = await freePorts(3);
    const [front = 0, primary = 0, secondary = 0] = ports;
    const text = readFileSync(sample, "utf8")
      .replaceAll("48411", String(primary))
      .replaceAll("48412", String(secondary))
      .replaceAll("48400", String(front));
    writeFileSync(project, text);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("takes the pair through every failure, ends with exit code 0 and leaves nothing behind", async function () {
    this.timeout(110_000);
    const running = start([cli, "--project", project, "demo", "--once"], directory);
    const { code, output, errors } = await running.ended;
    assert.equal(code, 0, `${output}\n${errors}`);
    assert.equal(errors, "");
    for (const { to } of steps) assert.match(output, new RegExp(`=> The ${to} served`));
    assert.equal(output.match(/^ {2}=> The (primary|secondary) served/gm)?.length, steps.length);
    assert.match(output, /connected once and never again/);
    assert.ok(!output.includes("\u001b"), "no colours where no terminal is");
    assert.equal(running.pids().length, 3);
    await allGone(running, directory);
  });

  it("ends everything on Ctrl-C in the middle of the tour", async function () {
    this.timeout(110_000);
    const running = start([demo, "--project", project], directory);
    await running.said(/^1 of /m);
    await delay(300);
    running.process.kill("SIGINT");
    const { code, errors } = await running.ended;
    assert.equal(code, 0, errors);
    await allGone(running, directory);
  });

  it("leaves nothing behind when it is killed while a server hangs", async function () {
    this.timeout(110_000);
    const running = start([demo, "--project", project], directory);
    await running.said(/^3 of .*hangs/m);
    await running.said(/Unable to retrieve status/);
    running.process.kill("SIGKILL");
    await running.ended;
    await allGone(running, directory);
  });

  it("says in one message which ports are taken, and starts nothing", async () => {
    const taken = await listen(ports[1] ?? 0);
    try {
      const { code, output, errors } = await start([demo, "--project", project, "--once"], directory).ended;
      assert.equal(code, 1);
      assert.equal(output, "");
      assert.match(
        errors,
        new RegExp(`^error DEMO_PORT_TAKEN: [^\\n]*127\\.0\\.0\\.1:${ports[1]} for the primary[^\\n]*\\n$`),
      );
    } finally {
      taken.close();
    }
  });
});

function start(args: readonly string[], temporary: string): Running {
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary },
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString("utf8");
  });
  child.stderr.on("data", (data: Buffer) => {
    errors += data.toString("utf8");
  });
  const exited = once(child, "exit");
  const ended = once(child, "close").then(async () => {
    const [code] = (await exited) as [number | null];
    return { code, output, errors };
  });
  return {
    process: child,
    ended,
    pids: () => [...new Set([...output.matchAll(/\(process\s+(\d+)\)/g)].map((match) => Number(match[1])))],
    async said(pattern) {
      while (!pattern.test(output)) {
        await Promise.race([
          once(child.stdout, "data"),
          ended.then(() => assert.fail(`ended without ${pattern}: ${output}\n${errors}`)),
        ]);
      }
    },
  };
}

/** The processes end a moment after the demo where it was killed; the broker removes its state then. */
async function allGone(running: Running, directory: string): Promise<void> {
  assert.ok(running.pids().length >= 3, "the demo names its processes");
  const deadlineMs = performance.now() + 20_000;
  const left = () => running.pids().filter(isAlive);
  while (left().length > 0 && performance.now() < deadlineMs) await delay(50);
  assert.deepEqual(left(), []);
  const states = readdirSync(directory).filter((name) => name.startsWith("understudy-demo-state-"));
  assert.deepEqual(states, []);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that has ended but was not collected yet counts as gone.
  const status = `/proc/${pid}/status`;
  return !existsSync(status) || !/^State:\s+Z/m.test(readFileSync(status, "utf8"));
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
