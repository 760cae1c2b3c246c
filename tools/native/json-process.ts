import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

export type JsonObject = Readonly<Record<string, unknown>>;

const answerTimeoutMs = 30_000;

/** A program that takes commands and gives answers and events as lines of JSON. */
export class JsonProcess {
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<void>;
  readonly events: JsonObject[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: JsonObject) => void>();
  #watchers: ((event: JsonObject) => boolean)[] = [];
  #lastId = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.exited = new Promise((resolve) => child.once("close", () => resolve()));
    child.stdin?.on("error", () => {});
    child.on("error", () => {});
    if (child.stdout) createInterface({ input: child.stdout }).on("line", (line) => this.#line(line));
  }

  /** @throws (rejects) where it does not answer in time or ends before. */
  async command(command: JsonObject, timeoutMs: number = answerTimeoutMs): Promise<JsonObject> {
    const id = ++this.#lastId;
    return this.#within(timeoutMs, String(command["command"]), (resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ ...command, id })}\n`);
    });
  }

  /** The first event of this kind, also one that came already. */
  async event(kind: string, timeoutMs: number = answerTimeoutMs): Promise<JsonObject> {
    const known = this.events.find((event) => event["event"] === kind);
    if (known) return known;
    return this.#within(timeoutMs, `event ${kind}`, (resolve) => {
      this.#watchers.push((event) => {
        if (event["event"] !== kind) return false;
        resolve(event);
        return true;
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  /** Closes its input and waits; kills it where it does not obey. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.signal("SIGKILL"), 5000);
    await this.exited;
    clearTimeout(timer);
  }

  #within(
    timeoutMs: number,
    what: string,
    begin: (resolve: (answer: JsonObject) => void) => void,
  ): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${what} in ${timeoutMs} ms`)), timeoutMs);
      this.exited.then(() => {
        clearTimeout(timer);
        reject(new Error(`the process ended before ${what}`));
      }, reject);
      begin((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  #line(line: string): void {
    let message: JsonObject;
    try {
      message = JSON.parse(line) as JsonObject;
    } catch {
      return;
    }
    if (typeof message["event"] === "string") {
      this.events.push(message);
      this.#watchers = this.#watchers.filter((watcher) => !watcher(message));
    } else if (typeof message["id"] === "number") {
      const resolve = this.#waiting.get(message["id"]);
      this.#waiting.delete(message["id"]);
      resolve?.(message);
    }
  }
}
