import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const startTimeoutMs = 30_000;
const stopTimeoutMs = 4000;
const keptOutputLength = 2000;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** The broker in a process of its own, with a state directory of its own; both go with the demo. */
export class BrokerProcess {
  readonly pid: number;
  readonly stateDirectory: string;
  readonly endpointUrls: readonly string[];
  /** Resolves when the process has ended, with what it said last on standard error. */
  readonly exited: Promise<string>;
  readonly #child: Child;
  #hasEnded = false;

  private constructor(
    child: Child,
    stateDirectory: string,
    endpointUrls: readonly string[],
    said: () => string,
  ) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.stateDirectory = stateDirectory;
    this.endpointUrls = endpointUrls;
    this.exited = once(child, "exit").then(() => {
      this.#hasEnded = true;
      return said();
    });
  }

  /** Starts the broker with all pairs enabled and resolves when clients can connect. */
  static async start(projectFile: string): Promise<BrokerProcess> {
    const stateDirectory = mkdtempSync(join(tmpdir(), "understudy-demo-state-"));
    const main = fileURLToPath(new URL("./broker-main.js", import.meta.url));
    const child = spawn(process.execPath, ["--enable-source-maps", main, projectFile, stateDirectory], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.on("error", () => undefined);
    let said = "";
    child.stderr.on("data", (data: Buffer) => {
      said = (said + data.toString("utf8")).slice(-keptOutputLength);
    });
    const endpoints = await new Promise<readonly string[]>((resolve, reject) => {
      const fail = (why: string) => {
        child.kill("SIGKILL");
        reject(new Error(`The broker did not start: ${why}. ${said.trim()}`.trim()));
      };
      const timer = setTimeout(() => fail(`not ready after ${startTimeoutMs} ms`), startTimeoutMs);
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code) => {
        clearTimeout(timer);
        fail(`it ended with exit code ${code}`);
      });
      createInterface({ input: child.stdout }).once("line", (line) => {
        clearTimeout(timer);
        resolve((JSON.parse(line) as { readonly endpoints: readonly string[] }).endpoints);
      });
    });
    return new BrokerProcess(child, stateDirectory, endpoints, () => said.trim());
  }

  /** Ends the process in good order, or the hard way where that takes too long. */
  async stop(): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeoutMs);
    await this.exited;
    clearTimeout(timer);
  }
}
