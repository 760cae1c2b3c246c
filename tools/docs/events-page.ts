import {
  type EventCode,
  type EventDefinition,
  eventCatalogue,
  eventCodes,
} from "../../src/diagnostics/catalogue.ts";

/** The page docs/events.md, made from the event catalogue. */
export function eventsPage(): string {
  const seed = eventCodes.filter((code) => eventCatalogue[code].seed);
  const added = eventCodes.filter((code) => !eventCatalogue[code].seed);
  return `# Events

<!-- Made from src/diagnostics/catalogue.ts by tools/docs; do not edit. -->

Every event has a number, a time, a severity, one of the codes below, the pair, the member and the client it is
about where there is one, and a sentence that says what happened and why. Each comes once, when something
changes. \`understudy events\` shows them, \`log/understudy.log\` in the state directory keeps them as JSON lines,
and the codes choose what is sent by e-mail.

Severities: \`information\` needs no action, \`warning\` means that protection is reduced or somebody has to decide,
\`error\` means that something does not work.

## Runtime events of redundancy

${table(seed)}
## Further events

${table(added)}`;
}

function table(codes: readonly EventCode[]): string {
  const rows = codes.map((code) => {
    const definition: EventDefinition = eventCatalogue[code] as EventDefinition;
    const severity = typeof definition.severity === "string" ? definition.severity : "depends";
    return `| \`${code}\` | ${severity} | ${definition.description.replaceAll("|", "\\|")} |\n`;
  });
  return `| code | severity | what it means |\n|---|---|---|\n${rows.join("")}`;
}
