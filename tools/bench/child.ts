import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const stopTimeoutMs = 3000;

/** A process a bench has started. It is ended by its pid, whatever happens. */
export class Child {
  readonly pid: number;
  readonly #child: ChildProcess;
  #hasEnded = false;

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
    child.once("exit", () => {
      this.#hasEnded = true;
    });
  }

  /**
   * Starts a program and resolves once a line of its output is accepted.
   * @throws Error where it ends before, or takes longer than `timeoutMs`; with the last of what it said.
   */
  static async start<T>(
    command: string,
    args: readonly string[],
    accept: (line: string) => T | null,
    timeoutMs: number,
  ): Promise<{ readonly child: Child; readonly ready: T }> {
    const process = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    process.stderr.on("data", (data: Buffer) => {
      said = (said + data.toString("utf8")).slice(-2000);
    });
    const ready = await new Promise<T>((resolve, reject) => {
      const fail = (why: string) => {
        process.kill("SIGKILL");
        reject(new Error(`${command} ${args.join(" ")}: ${why}\n${said}`));
      };
      const timer = setTimeout(() => fail(`not ready after ${timeoutMs} ms`), timeoutMs);
      process.once("error", (error) => fail(error.message));
      process.once("exit", (code) => {
        clearTimeout(timer);
        fail(`ended with code ${code}`);
      });
      createInterface({ input: process.stdout }).on("line", (line) => {
        const found = accept(line);
        if (found === null) return;
        clearTimeout(timer);
        resolve(found);
      });
    });
    return { child: new Child(process, process.pid as number), ready };
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  }
}
