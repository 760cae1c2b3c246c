import { join } from "node:path";
import winston from "winston";
import type { Clock } from "./clock.ts";
import type { DiagnosticEvent, Severity } from "./event.ts";
import { createLogFile, type LogFileSystem, type LogFileTrouble } from "./log-file.ts";

/** What the process writes for people: events and its own words, to the console and to a rotating file. */
export interface Log {
  event(event: DiagnosticEvent): void;
  /** A line that is no event, for example an unexpected error with its stack. */
  line(severity: Severity, message: string): void;
  /** Writes out what is pending; resolves after at most one second. */
  close(): Promise<void>;
}

export interface LogOptions {
  /** State directory; the file is `log/understudy.log` in it. Null = no file. */
  readonly stateDirectory: string | null;
  readonly clock: Clock;
  readonly console: ConsoleOptions;
  readonly onFileTrouble: (trouble: LogFileTrouble) => void;
  readonly maximumFileBytes?: number | undefined;
  readonly maximumFiles?: number | undefined;
  readonly fileSystem?: LogFileSystem | undefined;
}

export interface ConsoleOptions {
  /** Lines for people, or one JSON object a line. */
  readonly format: "text" | "json";
  readonly colour: boolean;
  /** This severity and worse go to the console (standard error); null = none. */
  readonly severity: Severity | null;
}

type Level = "error" | "warn" | "info";

const levels: Readonly<Record<Severity, Level>> = { information: "info", warning: "warn", error: "error" };

/** Creates a log of its own for one broker; nothing is shared between two of them. */
export function createLog(options: LogOptions): Log {
  const consoleLogger = createConsole(options.console);
  const file =
    options.stateDirectory === null
      ? null
      : createLogFile({
          directory: logDirectory(options.stateDirectory),
          clock: options.clock,
          onTrouble: options.onFileTrouble,
          maximumBytes: options.maximumFileBytes,
          maximumFiles: options.maximumFiles,
          fileSystem: options.fileSystem,
        });

  function write(entry: LogEntry): void {
    const level = levels[entry.severity];
    const text =
      options.console.format === "json" ? JSON.stringify(entry) : textLine(entry, options.console.colour);
    consoleLogger?.log(level, text);
    file?.write(level, JSON.stringify(entry));
  }

  return {
    event: write,
    line(severity, message) {
      write({ time: new Date(options.clock.wallMs()).toISOString(), severity, message });
    },
    close() {
      consoleLogger?.close();
      return file?.close() ?? Promise.resolve();
    },
  };
}

export function logDirectory(stateDirectory: string): string {
  return join(stateDirectory, "log");
}

type LogEntry = Pick<DiagnosticEvent, "time" | "severity" | "message"> & Partial<DiagnosticEvent>;

function createConsole(options: ConsoleOptions): winston.Logger | null {
  if (options.severity === null) return null;
  return winston.createLogger({
    level: levels[options.severity],
    format: winston.format.printf((info) => String(info.message)),
    // Standard output belongs to the command's answer.
    transports: [new winston.transports.Console({ stderrLevels: Object.values(levels) })],
    exitOnError: false,
  });
}

const colours: Readonly<Record<Severity, string>> = { information: "36", warning: "33", error: "31" };
const labels: Readonly<Record<Severity, string>> = {
  information: "info ",
  warning: "warn ",
  error: "ERROR",
};

/** One line for people: time, severity, pair, client, message. Further lines of the message are indented. */
export function textLine(entry: LogEntry, colour: boolean): string {
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const where = [entry.pair, entry.client].filter((part) => part !== null && part !== undefined);
  const place = where.length === 0 ? "" : ` [${printable(where.join(" "))}]`;
  const message = printable(entry.message);
  return `${paint("2", entry.time)} ${paint(colours[entry.severity], labels[entry.severity])}${place} ${message}`;
}

/** Text of servers and clients must not steer the terminal or forge further lines. */
function printable(text: string): string {
  return text
    .replace(/\r?\n/g, "\n    ")
    .replace(/[^\P{Cc}\n]/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
