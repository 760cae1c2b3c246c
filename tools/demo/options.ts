import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export interface DemoOptions {
  /** Ends after the tour instead of going on serving. */
  readonly once: boolean;
  readonly projectFile: string;
  /** Ends when the process that started this one has gone. */
  readonly watchParent: boolean;
}

export const usage = `Usage: npm start -- [options]    or: understudy demo [options]
Two simulated OPC UA servers, the broker between them and a client, and a guided tour of failures. Afterwards
everything goes on serving until Ctrl-C.

  --once            end after the tour, with exit code 0 if every step went as it should
  --project FILE    project to run on; its first pair is shown (redundancymaster.xml of this package)
  --watch-parent    end when the process that started the demo has gone
  --help            this text`;

/** @throws Error with a message for the user. */
export function parseOptions(args: readonly string[], environment: NodeJS.ProcessEnv): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    allowPositionals: false,
    options: {
      once: { type: "boolean", default: false },
      project: { type: "string" },
      "watch-parent": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    once: values.once,
    // three folders up from dist/tools/demo
    projectFile: values.project ?? fileURLToPath(new URL("../../../redundancymaster.xml", import.meta.url)),
    // npm passes signals to its shell, and the shell does not pass them on
    watchParent: values["watch-parent"] || environment["npm_lifecycle_event"] !== undefined,
  };
}
