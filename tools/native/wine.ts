import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const setUpTimeoutMs = 180_000;
const commandTimeoutMs = 60_000;

/** Whether Windows programs can be run here. */
export function hasWine(): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return ["wine", "wineserver"].every((program) =>
    folders.some((folder) => existsSync(join(folder, program))),
  );
}

/** A Wine prefix of its own in a temporary folder: a Windows machine that is thrown away. */
export class WineMachine {
  readonly prefix: string;

  private constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Takes 10 to 20 s. */
  static async create(): Promise<WineMachine> {
    const machine = new WineMachine(mkdtempSync(join(tmpdir(), "understudy-wine-")));
    await run("wineboot", ["-i"], { env: machine.environment, timeout: setUpTimeoutMs });
    return machine;
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      WINEPREFIX: this.prefix,
      WINEDEBUG: process.env["WINEDEBUG"] ?? "-all",
      // No offers to install .NET or a browser engine, and no display.
      WINEDLLOVERRIDES: "mscoree,mshtml=",
      DISPLAY: "",
    };
  }

  /** Runs a program to its end. @throws where it fails or takes longer than a minute. */
  async run(program: string, ...args: string[]): Promise<string> {
    const options = { env: this.environment, timeout: commandTimeoutMs, killSignal: "SIGKILL" } as const;
    const { stdout } = await run("wine", [program, ...args], options);
    return stdout;
  }

  /** Starts a program whose standard input and output are pipes. Its pid is that of the Windows process too. */
  start(program: string, ...args: string[]): ReturnType<typeof spawn> {
    return spawn("wine", [program, ...args], { env: this.environment, stdio: ["pipe", "pipe", "ignore"] });
  }

  /** Pids of this machine's processes whose command line has the text. */
  pidsOf(text: string): number[] {
    const pids: number[] = [];
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const commandLine = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        if (!commandLine.includes(text)) continue;
        const environment = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
        if (environment.includes(`WINEPREFIX=${this.prefix}`)) pids.push(Number(name));
      } catch {
        // It ended meanwhile, or is another user's.
      }
    }
    return pids;
  }

  /**
   * Lets COM forget servers that were killed: Wine's rpcss keeps their classes, and activations would go on
   * failing with 800706BA. It starts again when it is needed.
   */
  forgetKilledServers(): void {
    for (const pid of this.pidsOf("rpcss.exe")) killQuietly(pid);
  }

  /** Ends all that runs in it and deletes it. */
  async end(): Promise<void> {
    await run("wineserver", ["-k"], { env: this.environment, timeout: commandTimeoutMs }).catch(
      () => undefined,
    );
    await run("wineserver", ["-w"], { env: this.environment, timeout: commandTimeoutMs }).catch(
      () => undefined,
    );
    rmSync(this.prefix, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
