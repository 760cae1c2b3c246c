import type { DiagnosticEvent } from "../diagnostics/event.ts";
import { isServerRecord } from "../diagnostics/server-catalogue.ts";
import type { Mail, NotificationRules } from "./settings.ts";

/** Characters of a subject that come from outside: names of servers and their messages. */
const longestSubject = 200;

/** The message about an event; `count` of a kind since the last message, of which this is the newest. */
export function composeMail(
  rules: Pick<NotificationRules, "from" | "to" | "subject" | "header" | "footer">,
  event: DiagnosticEvent,
  count: number,
): Mail {
  const about = event.pair === null ? "" : `${event.pair}: `;
  const times = count > 1 ? ` (${count} times)` : "";
  return Object.freeze({
    from: rules.from,
    to: rules.to,
    subject: oneLine(`${rules.subject} - ${about}${event.code}${times}`).slice(0, longestSubject),
    text: [
      ...paragraph(rules.header),
      ...paragraph(event.message),
      ...paragraph(facts(event).join("\n")),
      ...paragraph(causes(event).join("\n")),
      ...(count > 1
        ? paragraph(`This happened ${count} times since the last message about it; this is the newest.`)
        : []),
      ...paragraph(rules.footer),
    ].join("\n"),
  });
}

/** The message that shows that mail arrives; `name` of a pair or a protected server, null = of the project. */
export function composeTest(
  rules: Pick<NotificationRules, "from" | "to" | "subject" | "header" | "footer">,
  name: string | null,
): Mail {
  return Object.freeze({
    from: rules.from,
    to: rules.to,
    subject: oneLine(`${rules.subject} - test`).slice(0, longestSubject),
    text: [
      ...paragraph(rules.header),
      ...paragraph(`This is a test of the notifications of ${name ?? "the project"}. Nothing has happened.`),
      ...paragraph(rules.footer),
    ].join("\n"),
  });
}

function paragraph(text: string): string[] {
  return text.trim() === "" ? [] : [text.trimEnd(), ""];
}

function facts(event: DiagnosticEvent): string[] {
  const rows: readonly (readonly [string, string | null])[] = [
    ["Time", localTime(event.time)],
    ["Severity", event.severity],
    ["Event", event.code],
    [isServerRecord(event.record) ? "Server" : "Pair", event.pair],
    ["Member", event.member],
    ["Machine", event.machine],
    ["Client", event.client],
  ];
  return rows.flatMap(([name, value]) =>
    value === null ? [] : [`${`${name}:`.padEnd(10)}${oneLine(value)}`],
  );
}

function causes({ causes: chain }: DiagnosticEvent): string[] {
  if (chain.length === 0) return [];
  return [
    "Why:",
    ...chain.map(({ text, since }) => `- ${text}${since === null ? "" : `, since ${localTime(since)}`}`),
  ];
}

/** Local time with its difference to UTC: who reads it at night should not have to calculate. */
function localTime(iso: string): string {
  const date = new Date(iso);
  const offset = -date.getTimezoneOffset();
  const two = (value: number): string => String(Math.floor(Math.abs(value))).padStart(2, "0");
  const local = new Date(date.getTime() + offset * 60_000).toISOString().replace("T", " ").replace("Z", "");
  return `${local} ${offset < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`;
}

/** A line end in a subject would begin a header of somebody else's choice. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
