import { readFileSync } from "node:fs";
import { UnderstudyError } from "../../src/core/error.ts";
import { redirectLibraryLog } from "../../src/opc/ua/library-log.ts";
import { createNarrator } from "./narrator.ts";
import { type DemoOptions, parseOptions, usage } from "./options.ts";

const parentCheckIntervalMs = 500;

function complain(error: unknown): void {
  const code = error instanceof UnderstudyError ? ` ${error.code}` : "";
  console.error(`error${code}: ${error instanceof Error ? error.message : String(error)}`);
}

function options(): DemoOptions | "help" | null {
  try {
    return parseOptions(process.argv.slice(2), process.env);
  } catch (error) {
    complain(error);
    return null;
  }
}

/** Ctrl-C and its like end the demo in good order, the second time at once. */
function endOnSignals(ending: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(130);
      ending.abort();
    });
  }
}

/** Ends the demo when the process that started it has gone without a word, or npm, whose shell would stay. */
function endWithParent(ending: AbortController): void {
  const ancestors = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const first = ancestors();
  setInterval(() => {
    if (ancestors() !== first) ending.abort();
  }, parentCheckIntervalMs).unref();
}

/** Empty where the system does not tell. */
function parentOf(pid: number): string {
  try {
    return /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  } catch {
    return "";
  }
}

/** The exit code. */
async function run(parsed: DemoOptions): Promise<number> {
  const ending = new AbortController();
  endOnSignals(ending);
  if (parsed.watchParent) endWithParent(ending);
  // A reader that has gone must not leave the processes of the demo behind.
  process.stdout.on("error", () => ending.abort());
  // Before node-opcua is loaded.
  redirectLibraryLog(() => undefined);
  const { runDemo } = await import("./demo.ts");
  try {
    await runDemo(parsed, createNarrator(process.stdout, process.env), ending.signal);
  } catch (error) {
    complain(error);
    return 1;
  }
  // Ctrl-C is how a demo that goes on serving is meant to be ended.
  return ending.signal.aborted && parsed.once ? 130 : 0;
}

const parsed = options();
if (parsed === "help") {
  console.log(usage);
} else {
  const code = parsed === null ? 2 : await run(parsed);
  // Whatever the OPC UA library still holds open is of no use now.
  process.exit(code);
}
