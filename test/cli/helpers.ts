import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The command line with a broker that connects to nothing. */
const memoryBroker = fileURLToPath(new URL("./memory-broker.js", import.meta.url));
/** The command line as it is delivered. */
export const delivered = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

const { PATH: path } = process.env;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started command. */
export interface Running {
  readonly process: ChildProcess;
  /** The next line of standard output. */
  nextLine(): Promise<string>;
  readonly finished: Promise<Finished>;
}

/** Runs commands of the real command line on one project and one state directory; ends what is left running. */
export interface Bench {
  start(
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
    input?: "ignore" | "pipe",
  ): Running;
  run(...args: readonly string[]): Promise<Finished>;
  /** Starts `run --json` and waits until it is ready. */
  broker(
    args?: readonly string[],
    environment?: Readonly<Record<string, string>>,
    input?: "ignore" | "pipe",
  ): Promise<Running & { readonly ready: unknown }>;
  endAll(): Promise<void>;
}

export function createBench(
  workingDirectory: string,
  stateDirectory: string,
  script: string = memoryBroker,
): Bench {
  const running = new Set<Running>();

  function start(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    input: "ignore" | "pipe" = "ignore",
  ): Running {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: workingDirectory,
      env: {
        PATH: path,
        HOME: workingDirectory,
        UNDERSTUDY_STATE_DIR: stateDirectory,
        ...environment,
      },
      stdio: [input, "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    if (child.stdout === null || child.stderr === null) throw new Error("the command has no output");
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const command: Running = {
      process: child,
      async nextLine() {
        const line = await lines.next();
        if (line.done === true) throw new Error(`the command ended:\n${stderr}`);
        return line.value;
      },
      finished: once(child, "close").then(([code]) => {
        running.delete(command);
        return { code: code as number | null, stdout, stderr };
      }),
    };
    running.add(command);
    return command;
  }

  return {
    start,
    run: (...args) => start(args).finished,
    async broker(args = [], environment = {}, input = "ignore") {
      const command = start(["run", "--json", ...args], environment, input);
      return { ...command, ready: JSON.parse(await command.nextLine()) as unknown };
    },
    async endAll() {
      const left = [...running];
      for (const command of left) command.process.kill("SIGKILL");
      await Promise.all(left.map((command) => command.finished));
    },
  };
}
