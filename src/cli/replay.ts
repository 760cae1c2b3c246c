import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { describe } from "../core/describe.ts";
import { UnderstudyError } from "../core/error.ts";
import { type RecordedLine, type ReplayedStep, replay } from "../host/recorded-input.ts";
import { type CliContext, globalOptions } from "./command.ts";

export function replayCommand({ terminal }: CliContext): Command {
  return new Command("replay")
    .summary("repeat what a pair decided, from its recording")
    .description(
      "Feeds the recording of a pair to the failover core again and prints each decision with the pair's state. " +
        "A broker keeps the recordings of its pairs as recordings/<pair>.jsonl in the state directory, with the " +
        "older part in <pair>.jsonl.1; they hold no values of clients. Needs no running broker.",
    )
    .argument("<file>", "recording")
    .option("--all", "print every input, not only those that changed something worth an event")
    .addHelpText("after", "\nExample:\n  understudy replay /var/lib/understudy/recordings/Boiler.jsonl")
    .action(async (file: string, own: { all?: boolean }, command: Command) => {
      const { json } = globalOptions(command, terminal);
      for (const replayed of replaySafely(file, await readLines(file))) {
        if (own.all === true || replayed.done.records.length > 0) {
          await terminal.print(`${json ? jsonOf(replayed) : textOf(replayed)}\n`);
        }
      }
    });
}

async function readLines(file: string): Promise<readonly RecordedLine[]> {
  const lines: RecordedLine[] = [];
  try {
    for await (const line of createInterface({ input: createReadStream(file, "utf8") })) {
      if (line !== "") lines.push(JSON.parse(line) as RecordedLine);
    }
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    const message = `${file}: line ${lines.length + 1} cannot be read as a recording (${detail})`;
    throw new UnderstudyError("RECORDING_UNREADABLE", message, { cause });
  }
  return lines;
}

function* replaySafely(file: string, lines: readonly RecordedLine[]): Generator<ReplayedStep> {
  try {
    yield* replay(lines);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new UnderstudyError("RECORDING_UNREADABLE", `${file}: ${detail}`, { cause });
  }
}

function jsonOf({ nowMs, input, done }: ReplayedStep): string {
  const { effects, records, state } = done;
  return JSON.stringify({ nowMs, input, effects, records, description: describe(state) });
}

function textOf({ nowMs, input, done }: ReplayedStep): string {
  const member = "member" in input ? ` ${input.member}` : "";
  const records = done.records.map((record) => `  ${JSON.stringify(record)}`);
  return [`${nowMs} ms  ${input.kind}${member}`, ...records, `  ${describe(done.state)}`].join("\n");
}
