import { eventCatalogue } from "../diagnostics/catalogue.ts";
import { nearest } from "./did-you-mean.ts";
import { checkMonitorItems } from "./monitor-item-rules.ts";
import {
  type MemberSettings,
  type NotificationSettings,
  type Pair,
  type Project,
  pairName,
  type SmtpSettings,
} from "./project.ts";
import { quoted } from "./project-error.ts";
import { checkServers } from "./server-rules.ts";
import type { ValueProblem } from "./validate.ts";

/** What a JSON Schema cannot say: rules across elements. The project has the right shape, its values may be wrong. */
export function checkRules(project: Project): readonly ValueProblem[] {
  return [
    ...checkNotifications(project.notifications, "notifications"),
    ...checkNames(project.pairs),
    ...checkPorts(project),
    ...project.pairs.flatMap((pair, index) => checkPair(pair, `pairs/pair[${index + 1}]`)),
    ...checkServers(project),
    ...project.servers.flatMap(({ notifications }, index) =>
      notifications === null
        ? []
        : checkNotifications(notifications, `servers/server[${index + 1}]/notifications`),
    ),
  ];
}

function checkPair(pair: Pair, path: string): ValueProblem[] {
  return [
    ...checkUrlSegment(pair, path),
    ...checkProgId(pair, path),
    ...checkEndpointUrl(pair, pair.primary, `${path}/primary`),
    ...checkEndpointUrl(pair, pair.secondary, `${path}/secondary`),
    ...checkMonitorItems(pair, path),
    ...checkCounts(pair, path),
    ...(pair.notifications === null ? [] : checkNotifications(pair.notifications, `${path}/notifications`)),
  ];
}

function invalid(path: string, found: string, expected: string): ValueProblem {
  return { code: "PROJECT_VALUE_INVALID", path, found, expected };
}

/** Names differ by more than case: ProgIDs know no case, and people read them. */
function checkNames(pairs: readonly Pair[]): ValueProblem[] {
  const problems: ValueProblem[] = [];
  const owners = new Map<string, number>();
  for (const [index, pair] of pairs.entries()) {
    const name = pairName(pair);
    const owner = owners.get(name.toLowerCase());
    if (owner === undefined) {
      owners.set(name.toLowerCase(), index);
      continue;
    }
    const element = pair.alias === null ? "server" : "alias";
    const advice = pair.alias === null ? "; give the pair an <alias>" : "";
    problems.push({
      code: "PROJECT_NAME_DUPLICATE",
      path: `pairs/pair[${index + 1}]/${element}`,
      found: `${quoted(name)}, the name of pair[${owner + 1}]`,
      expected: `a name no other pair has, whatever the case of its letters${advice}`,
    });
  }
  return problems;
}

function checkPorts(project: Project): ValueProblem[] {
  const problems: ValueProblem[] = [];
  const owners = new Map<number, string>([[project.opcUa.port, "opcUa/port"]]);
  for (const [index, { port }] of project.pairs.entries()) {
    if (port === null) continue;
    const path = `pairs/pair[${index + 1}]/port`;
    const owner = owners.get(port);
    if (owner === undefined) {
      owners.set(port, path);
    } else {
      const found = `${port}, which is ${owner} already`;
      problems.push({ code: "PROJECT_PORT_CONFLICT", path, found, expected: "a port of its own" });
    }
  }
  return problems;
}

/** RFC 3986 `pchar` without percent-encoding, which clients treat differently. */
const urlSegment = /^[A-Za-z0-9._~!$'()*+,;=:@-]+$/;

function checkUrlSegment(pair: Pair, path: string): ValueProblem[] {
  const name = pairName(pair);
  if (pair.protocol !== "opcua" || name === "") return [];
  if (urlSegment.test(name) && name !== "." && name !== "..") return [];
  const element = pair.alias === null ? "server" : "alias";
  const expected =
    "a name that can stand in opc.tcp://host:port/NAME: letters, digits and . _ - ~ ! $ ' ( ) * + , ; = : @";
  return [invalid(`${path}/${element}`, quoted(name), expected)];
}

/** What Windows admits as a ProgID (learn.microsoft.com, "ProgID Key"): so clients that browse show it, too. */
const progId = /^[A-Za-z][A-Za-z0-9._-]{0,38}$/;

function checkProgId(pair: Pair, path: string): ValueProblem[] {
  const name = pairName(pair);
  if (pair.protocol !== "opcua" || !pair.opcDaClients || progId.test(name)) return [];
  const element = pair.alias === null ? "server" : "alias";
  const expected =
    "a ProgID, as OPC DA clients are admitted: at most 39 letters, digits and . _ -, first a letter";
  return [invalid(`${path}/${element}`, quoted(name), expected)];
}

/** What an endpoint URL has to begin with, by the protocol of the pair. */
const urlOfProtocol = Object.freeze({
  opcua: { scheme: "opc.tcp:", expected: "an OPC UA URL such as opc.tcp://host:4840/path" },
  opcda: { scheme: "opcda:", expected: "an OPC DA URL: opcda://MACHINE/PROGID" },
} as const);

function checkEndpointUrl({ protocol }: Pair, { endpointUrl }: MemberSettings, path: string): ValueProblem[] {
  if (endpointUrl === null) return [];
  const refused = (found: string, expected: string) => [invalid(`${path}/endpointUrl`, found, expected)];
  const { scheme, expected } = urlOfProtocol[protocol];
  if (!endpointUrl.startsWith(scheme)) return refused(quoted(endpointUrl), expected);
  const port = /^opc\.tcp:\/\/(?:\[[^\]]*\]|[^/:]*):([0-9]+)/.exec(endpointUrl)?.[1] ?? null;
  if (port === null || (Number(port) >= 1 && Number(port) <= 65535)) return [];
  return refused(`the port ${port}`, "a port from 1 to 65535");
}

function checkCounts(pair: Pair, path: string): ValueProblem[] {
  const { warnAfter, failAfter } = pair.failover;
  if (warnAfter <= failAfter) return [];
  return [invalid(`${path}/failover/warnAfter`, `${warnAfter}`, `at most failAfter, which is ${failAfter}`)];
}

function checkNotifications(settings: NotificationSettings, path: string): ValueProblem[] {
  const problems: ValueProblem[] = [];
  for (const [index, code] of settings.events.entries()) {
    if (Object.hasOwn(eventCatalogue, code)) continue;
    const meant = nearest(code, Object.keys(eventCatalogue));
    const expected =
      meant === null ? "the code of an event of the catalogue" : `${meant}: did you mean that?`;
    problems.push(invalid(`${path}/events/event[${index + 1}]`, quoted(code), expected));
  }
  problems.push(...checkSmtp(settings.primarySmtp, `${path}/primarySmtp`));
  problems.push(...checkSmtp(settings.secondarySmtp, `${path}/secondarySmtp`));
  if (!settings.enabled) return problems;
  const missing = (name: string, expected: string): void => {
    problems.push({ code: "PROJECT_ELEMENT_MISSING", path: `${path}/${name}`, found: "nothing", expected });
  };
  if (settings.primarySmtp === null) missing("primarySmtp", "a mail server, since notifications are enabled");
  if (settings.from === "") missing("from", "the sender's address, since notifications are enabled");
  if (settings.to.length === 0) missing("to", "at least one <address>, since notifications are enabled");
  return problems;
}

function checkSmtp(smtp: SmtpSettings | null, path: string): ValueProblem[] {
  if (smtp === null || (smtp.user === null) === (smtp.password === null)) return [];
  const missing = smtp.user === null ? "user" : "password";
  const expected = `${missing} and ${missing === "user" ? "password" : "user"} together, or neither`;
  return [{ code: "PROJECT_ELEMENT_MISSING", path: `${path}/${missing}`, found: "nothing", expected }];
}
