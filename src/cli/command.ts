import { type Command, Option } from "commander";
import { type ControlClient, connectControl } from "../control/client.ts";
import { UnderstudyError } from "../core/error.ts";
import type { LoadBroker } from "./broker-loader.ts";
import { findProjectFile, findStateDirectory } from "./paths.ts";
import type { Terminal } from "./terminal.ts";

/** What every command gets: its surroundings and a way to say that it did not succeed without an error. */
export interface CliContext {
  readonly terminal: Terminal;
  /** Loads the broker, which is large and needed by few commands. */
  readonly loadBroker: LoadBroker;
  /** Sets the exit code the process ends with. */
  setExitCode(code: number): void;
}

/** Options every command understands. */
export interface GlobalOptions {
  readonly projectFile: string;
  readonly stateDirectory: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Adds the options every command understands to the program itself. */
export function addGlobalOptions(program: Command): Command {
  return program
    .option(
      "--project <file>",
      "project file (default: ./redundancymaster.xml, else the one in the state directory)",
    )
    .option("--state-dir <directory>", "directory of this machine's state, which names the running broker")
    .option("--json", "print JSON instead of text")
    .option("--quiet", "print only what was asked for and errors");
}

export function globalOptions(command: Command, terminal: Terminal): GlobalOptions {
  const options = command.optsWithGlobals<{
    project?: string;
    stateDir?: string;
    json?: boolean;
    quiet?: boolean;
  }>();
  const stateDirectory = findStateDirectory(options.stateDir, terminal);
  return {
    stateDirectory,
    projectFile: findProjectFile(options.project, stateDirectory, terminal),
    json: options.json === true,
    quiet: options.quiet === true,
  };
}

/** `--reason`, which ends up in the events. */
export function reasonOption(terminal: Terminal): Option {
  return new Option("--reason <text>", "why; recorded with the event").default(
    `by ${terminal.userName} on the command line`,
    "your user name",
  );
}

/** Runs `action` with a connection to the running broker. Throws BROKER_NOT_RUNNING. */
export async function withBroker<T>(
  options: GlobalOptions,
  action: (broker: ControlClient) => Promise<T>,
): Promise<T> {
  const broker = await connectControl(options.stateDirectory);
  try {
    return await action(broker);
  } finally {
    broker.close();
  }
}

/** As `withBroker`, but answers null where none runs. */
export async function withBrokerIfRunning<T>(
  options: GlobalOptions,
  action: (broker: ControlClient) => Promise<T>,
): Promise<T | null> {
  let broker: ControlClient;
  try {
    broker = await connectControl(options.stateDirectory);
  } catch (error) {
    if (error instanceof UnderstudyError && error.code === "BROKER_NOT_RUNNING") return null;
    throw error;
  }
  try {
    return await action(broker);
  } finally {
    broker.close();
  }
}

/** Prints the answer as one JSON line or as text; text may be left out where `--quiet` asks for it. */
export async function answer(
  terminal: Terminal,
  options: GlobalOptions,
  value: unknown,
  text: () => string,
): Promise<void> {
  if (options.json) await terminal.print(`${JSON.stringify(value)}\n`);
  else if (!options.quiet) await terminal.print(text());
}
