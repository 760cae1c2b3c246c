import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { UnderstudyError } from "../../../core/error.ts";
import type { KeyPath, KeyState, Registry, RegistryStep, RegistryValue } from "./registry.ts";

/** How understudy-hook.exe is started: by itself on Windows, by wine elsewhere. */
export interface HookProgram {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** For one answer, ms. Default 30000. */
  readonly timeoutMs?: number;
}

/** The registry of this machine. Close it after use. */
export interface ProgramRegistry extends Registry {
  close(): Promise<void>;
}

const notFound = "none";

/** Starts understudy-hook.exe (native/hook) and speaks its lines; one question at a time. */
export function openRegistry(program: HookProgram): ProgramRegistry {
  const child = spawn(program.command, [...program.arguments], {
    env: program.environment ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  return new LineRegistry(child, program.timeoutMs ?? 30_000);
}

class LineRegistry implements ProgramRegistry {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #timeoutMs: number;
  readonly #closed: Promise<void>;
  #last: Promise<unknown> = Promise.resolve();
  #onLine: ((line: string) => void) | null = null;
  #onEnd: ((reason: string) => void) | null = null;
  #end: string | null = null;

  constructor(child: ChildProcessWithoutNullStreams, timeoutMs: number) {
    this.#child = child;
    this.#timeoutMs = timeoutMs;
    child.stderr.resume();
    child.stdin.on("error", () => undefined);
    createInterface(child.stdout).on("line", (line) => this.#onLine?.(line));
    this.#closed = new Promise((resolve) => {
      const ended = (reason: string) => {
        this.#end = reason;
        this.#onEnd?.(reason);
        resolve();
      };
      child.once("error", (error) => ended(error.message));
      child.once("exit", (code) => ended(`it ended with code ${code}`));
    });
  }

  async read(key: KeyPath): Promise<KeyState | null> {
    const values = new Map<string, RegistryValue>();
    const subkeys: string[] = [];
    const answer = await this.#ask(["read", ...fieldsOf(key)], ([kind, name = "", type = "", data = ""]) => {
      if (kind === "value") values.set(decodeURIComponent(name), { type: Number(type), data });
      else subkeys.push(decodeURIComponent(name));
    });
    return answer === notFound ? null : { values, subkeys };
  }

  async apply(step: RegistryStep): Promise<void> {
    const fields = [step.kind, ...fieldsOf(step)];
    if (step.kind === "put") {
      fields.push(encodeURIComponent(step.name), String(step.value.type), step.value.data);
    } else if (step.kind === "drop") {
      fields.push(encodeURIComponent(step.name));
    }
    await this.#ask(fields, () => undefined);
  }

  async flush(): Promise<void> {
    await this.#ask(["flush", ...fieldsOf({ view: 64, path: "SOFTWARE" })], () => undefined);
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), this.#timeoutMs);
    await this.#closed;
    clearTimeout(timer);
  }

  /** The last line of the answer: `ok` or `none`; lines before it go to `take`. */
  #ask(fields: readonly string[], take: (fields: string[]) => void): Promise<string> {
    const question = fields.join("\t");
    const answered = this.#last.then(
      () =>
        new Promise<string>((resolve, reject) => {
          const fail = (why: string) => {
            stop();
            reject(new UnderstudyError("DA_HOOK_REGISTRY", `${decodeURIComponent(question)}: ${why}`));
          };
          const timer = setTimeout(() => {
            fail("understudy-hook.exe does not answer");
            this.#child.kill("SIGKILL");
          }, this.#timeoutMs);
          const stop = () => {
            clearTimeout(timer);
            this.#onLine = null;
            this.#onEnd = null;
          };
          if (this.#end !== null) {
            fail(this.#end);
            return;
          }
          this.#onEnd = fail;
          this.#onLine = (line) => {
            const [head = "", ...rest] = line.split("\t");
            if (head === "value" || head === "subkey") {
              take([head, ...rest]);
            } else if (head === "error") {
              fail(`${explain(rest[0] ?? "")}`);
            } else {
              stop();
              resolve(head);
            }
          };
          this.#child.stdin.write(`${question}\n`);
        }),
    );
    this.#last = answered.catch(() => undefined);
    return answered;
  }
}

function fieldsOf({ view, path }: KeyPath): string[] {
  return [String(view), encodeURIComponent(path)];
}

function explain(code: string): string {
  if (code === "5") return "access is denied; run the command as administrator";
  return `Windows error ${code}`;
}
