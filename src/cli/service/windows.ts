import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { UnderstudyError } from "../../core/error.ts";
import type { ServiceManager } from "./manager.ts";

const run = promisify(execFile);
const commandTimeoutMs = 60_000;

/** Name of the service in the service control manager. */
export const windowsServiceName = "Understudy";

/** The service host that is built from native/service; null = it is not part of this installation. */
export function serviceHost(): string | null {
  const file = fileURLToPath(new URL("../../../native/x64/understudy-service.exe", import.meta.url));
  return existsSync(file) ? file : null;
}

/** The service control manager of Windows. `content` is the command line that the service host starts. */
export function windowsManager(options: {
  readonly host: string;
  readonly content: string;
  /** What starts the host elsewhere than on Windows. */
  readonly wine?: readonly string[];
}): ServiceManager {
  const { host, content, wine = [] } = options;
  const call = async (...args: readonly string[]): Promise<string> => {
    const [program = host, ...rest] = [...wine, host, ...args];
    try {
      return (await run(program, rest, { timeout: commandTimeoutMs })).stdout.trim();
    } catch (cause) {
      const { stderr, message } = cause as { stderr?: string; message: string };
      const detail = (stderr ?? "").trim() || message;
      throw new UnderstudyError("SERVICE_MANAGER_FAILED", `${args[0] ?? ""}: ${detail}`, { cause });
    }
  };
  const state = (): Promise<string> => call("--query", windowsServiceName);
  return {
    target: windowsServiceName,
    scope: "machine",
    content,
    isInstalled: async () => (await state()) !== "absent",
    isRunning: async () => !["absent", "stopped"].includes(await state()),
    install: async (command) => void (await call("--install", windowsServiceName, command)),
    uninstall: async () => void (await call("--uninstall", windowsServiceName)),
  };
}

/** Arguments as Windows programs take them apart (CommandLineToArgvW). */
export function windowsCommandLine(args: readonly string[]): string {
  return args
    .map((arg) =>
      /^[^\s"]+$/.test(arg) ? arg : `"${arg.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`,
    )
    .join(" ");
}
