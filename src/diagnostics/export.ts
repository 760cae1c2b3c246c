import type { DiagnosticEvent } from "./event.ts";
import { textLine } from "./log.ts";

/** Formats in which events can be saved. */
export type ExportFormat = "text" | "csv" | "json";
export const exportFormats: readonly ExportFormat[] = Object.freeze(["text", "csv", "json"]);

export const exportMediaTypes: Readonly<Record<ExportFormat, string>> = Object.freeze({
  text: "text/plain; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  json: "application/json; charset=utf-8",
});

const columns = ["id", "time", "severity", "code", "pair", "member", "machine", "client", "message"] as const;

/** The events as one text: lines for people, a table (RFC 4180), or a JSON array. */
export function exportEvents(events: readonly DiagnosticEvent[], format: ExportFormat): string {
  switch (format) {
    case "text":
      return events.map((event) => `${textLine(event, false)}\n`).join("");
    case "csv": {
      const rows = events.map((event) => columns.map((column) => cell(event[column])).join(","));
      return [columns.join(","), ...rows].map((row) => `${row}\r\n`).join("");
    }
    case "json":
      return events.length === 0
        ? "[]\n"
        : `[\n${events.map((event) => JSON.stringify(event)).join(",\n")}\n]\n`;
  }
}

/** A quote mark before what a spreadsheet would take for a formula: names come from servers and clients. */
function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
