import { type ChildProcess, spawn } from "node:child_process";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UnderstudyError } from "../../../core/error.ts";
import { missing } from "../../program-tools.ts";
import { type DatabaseRef, programEnvironment } from "./place.ts";

const keptErrorOutput = 8000;

export interface DumpOptions {
  /** Of pg_dump, e.g. `--schema-only`. */
  readonly what?: readonly string[];
  /** All of it or nothing. */
  readonly isAtomic?: boolean;
  /** Bytes that have gone over so far. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Pours a dump of one database into another, without a file in between.
 * @throws UnderstudyError DATABASE_DUMP_FAILED, DATABASE_RESTORE_FAILED, REPLICATION_DISK_FULL, PROGRAM_MISSING, CANCELLED
 */
export async function pourDump(from: DatabaseRef, to: DatabaseRef, options: DumpOptions): Promise<void> {
  const { what = [], isAtomic = false, onBytes, signal } = options;
  if (signal.aborted) throw cancelled();
  const dump = start(
    "pg_dump",
    [
      "--format=custom",
      "--compress=0",
      "--no-publications",
      "--no-subscriptions",
      ...what,
      `--dbname=${from.database}`,
    ],
    from,
  );
  const restore = start(
    "pg_restore",
    ["--exit-on-error", ...(isAtomic ? ["--single-transaction"] : []), `--dbname=${to.database}`],
    to,
  );
  const end = (): void => {
    dump.child.kill("SIGTERM");
    restore.child.kill("SIGTERM");
  };
  signal.addEventListener("abort", end, { once: true });
  let bytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes?.(bytes);
      done(null, chunk);
    },
  });
  try {
    const { stdout } = dump.child;
    const { stdin } = restore.child;
    if (!stdout || !stdin) throw new Error("pg_dump and pg_restore have no pipes");
    // a reader that ends early breaks the pipe; its exit status says why
    const poured = pipeline(stdout, counter, stdin).catch(() => end());
    const [dumped, restored] = await Promise.all([dump.ended, restore.ended, poured]);
    if (signal.aborted) throw cancelled();
    if (restored !== 0 && !/end of file|could not read/.test(restore.said())) {
      throw failure("DATABASE_RESTORE_FAILED", "pg_restore", restore.said());
    }
    if (dumped !== 0) throw failure("DATABASE_DUMP_FAILED", "pg_dump", dump.said());
    if (restored !== 0) throw failure("DATABASE_RESTORE_FAILED", "pg_restore", restore.said());
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  said(): string;
}

function start(program: string, args: readonly string[], { place }: DatabaseRef): Started {
  const child = spawn(program, [...args, "--no-password"], {
    stdio: [program === "pg_restore" ? "pipe" : "ignore", program === "pg_dump" ? "pipe" : "ignore", "pipe"],
    env: { ...process.env, LC_ALL: "C", ...programEnvironment(place) },
  });
  let errorOutput = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errorOutput = (errorOutput + text).slice(-keptErrorOutput);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (cause) => {
      reject(missing(program, cause));
    });
    child.once("close", (code) => resolve(code));
  });
  // whoever waits for the other one first must not leave this one unhandled
  ended.catch(() => undefined);
  return { child, ended, said: () => errorOutput };
}

function failure(code: string, program: string, said: string): UnderstudyError {
  const line = said
    .split("\n")
    .map((each) => each.trim())
    .find((each) => /error|fatal/i.test(each));
  if (/No space left on device/.test(said)) {
    return new UnderstudyError("REPLICATION_DISK_FULL", `The disk is full: ${line ?? said.trim()}`);
  }
  return new UnderstudyError(code, `${program} failed: ${line ?? (said.trim() || "no reason given")}`);
}

function cancelled(): UnderstudyError {
  return new UnderstudyError("CANCELLED", "The copy of the database was cancelled.");
}
