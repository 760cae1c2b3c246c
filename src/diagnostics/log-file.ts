import {
  accessSync,
  constants,
  mkdirSync,
  close as nodeClose,
  open as nodeOpen,
  write as nodeWrite,
} from "node:fs";
import winston from "winston";
import type { Clock } from "./clock.ts";

/** The three calls of node:fs a log file needs; replaceable, so that a full disk can be tested. */
export interface LogFileSystem {
  readonly open: typeof nodeOpen;
  readonly write: typeof nodeWrite;
  readonly close: typeof nodeClose;
}

export interface LogFileOptions {
  /** Created with mode 0700 where it is missing. */
  readonly directory: string;
  readonly clock: Clock;
  /** Called once when the file stops taking lines, and once when it takes them again. */
  readonly onTrouble: (trouble: LogFileTrouble) => void;
  /** Bytes after which the file is rotated. Default 10 MiB. */
  readonly maximumBytes?: number | undefined;
  /** Files kept, the current one included. Default 5. */
  readonly maximumFiles?: number | undefined;
  readonly fileSystem?: LogFileSystem | undefined;
}

export type LogFileTrouble =
  | { readonly kind: "failed"; readonly detail: string }
  | { readonly kind: "recovered"; readonly lost: number };

/** The log file as its users see it: never throws, never blocks, never grows in memory. */
export interface LogFile {
  write(level: "error" | "warn" | "info", line: string): void;
  /** Writes out what is pending; resolves after at most one second. */
  close(): Promise<void>;
}

export const logFileName = "understudy.log";

/** Lines that may wait for the disk; a disk that is further behind counts as failed. */
const pendingLimit = 2000;
/** Time after which a failed file is tried again. */
const retryAfterMs = 10_000;
const closeTimeoutMs = 1000;

interface OpenFile {
  readonly logger: winston.Logger;
  readonly transport: winston.transport;
  pending: number;
}

/** A rotating file on winston's File transport, opened again after trouble. */
export function createLogFile(options: LogFileOptions): LogFile {
  const fileSystem: LogFileSystem = options.fileSystem ?? {
    open: nodeOpen,
    write: nodeWrite,
    close: nodeClose,
  };
  let file: OpenFile | null = null;
  let failedAtMs: number | null = null;
  let lost = 0;
  let closed = false;

  function fail(from: OpenFile | null, detail: string): void {
    if (from !== null && from !== file) return;
    file = null;
    if (from !== null) {
      lost += from.pending;
      discard(from);
    }
    const first = failedAtMs === null;
    failedAtMs = options.clock.nowMs();
    if (first && !closed) options.onTrouble({ kind: "failed", detail });
  }

  function open(): void {
    try {
      mkdirSync(options.directory, { recursive: true, mode: 0o700 });
      // winston tries for ever, and at once, to rotate in a directory it may not write to.
      accessSync(options.directory, constants.W_OK);
      file = openFile(options, fileSystem, {
        failed: (from, error) => fail(from, error.message),
        written: recovered,
      });
    } catch (error) {
      fail(null, error instanceof Error ? error.message : String(error));
    }
  }

  function recovered(by: OpenFile): void {
    if (by !== file || failedAtMs === null) return;
    failedAtMs = null;
    const count = lost;
    lost = 0;
    if (!closed) options.onTrouble({ kind: "recovered", lost: count });
  }

  return {
    write(level, line) {
      if (closed) return;
      const due = failedAtMs === null || options.clock.nowMs() - failedAtMs >= retryAfterMs;
      if (file === null && due) open();
      if (file === null) {
        lost++;
        return;
      }
      const target = file;
      if (target.pending >= pendingLimit) {
        lost++;
        fail(target, "the disk does not keep up");
        return;
      }
      target.pending++;
      target.logger.log({ level, message: line, taken: () => target.pending-- });
    },
    close() {
      closed = true;
      const last = file;
      if (last === null) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, closeTimeoutMs);
        last.transport.once("finish", () => {
          clearTimeout(timer);
          resolve();
        });
        last.logger.end();
      });
    },
  };
}

interface FileEvents {
  readonly failed: (file: OpenFile, error: Error) => void;
  /** Bytes have reached the disk. */
  readonly written: (file: OpenFile) => void;
}

function openFile(options: LogFileOptions, fileSystem: LogFileSystem, events: FileEvents): OpenFile {
  // winston tells nobody of errors of its write stream, so they are seen in the calls the stream makes.
  const watched =
    (call: (...args: never[]) => void, succeeded: () => void) =>
    (...args: unknown[]): void => {
      const callback = args.pop() as (error: Error | null, ...rest: unknown[]) => void;
      const done = (error: Error | null, ...rest: unknown[]): void => {
        callback(error, ...rest);
        if (error === null) succeeded();
        else events.failed(opened, error);
      };
      (call as (...forwarded: unknown[]) => void)(...args, done);
    };
  const transport = new winston.transports.File({
    dirname: options.directory,
    filename: logFileName,
    maxsize: options.maximumBytes ?? 10 * 1024 * 1024,
    maxFiles: options.maximumFiles ?? 5,
    tailable: true,
    options: {
      flags: "a",
      mode: 0o600,
      fs: {
        open: watched(fileSystem.open, () => undefined),
        write: watched(fileSystem.write, () => events.written(opened)),
        close: fileSystem.close,
      },
    },
  });
  const logger = winston.createLogger({
    level: "info",
    format: winston.format.printf((info) => String(info.message)),
    transports: [transport],
    exitOnError: false,
  });
  const opened: OpenFile = { logger, transport, pending: 0 };
  logger.on("error", (error: Error) => events.failed(opened, error));
  transport.on("logged", (info: { readonly taken?: () => void }) => info.taken?.());
  return opened;
}

function discard(file: OpenFile): void {
  file.logger.on("error", () => undefined);
  file.transport.on("error", () => undefined);
  file.logger.close();
}
