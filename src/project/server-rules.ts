import { isIP, isIPv4, isIPv6 } from "node:net";
import { type Project, pairName } from "./project.ts";
import { quoted } from "./project-error.ts";
import type {
  CommandSettings,
  DnsRecord,
  ProbeSettings,
  ServerSettings,
  ServiceSettings,
  TakeoverSettings,
} from "./server.ts";
import type { ValueProblem } from "./validate.ts";

/** What a JSON Schema cannot say about protected servers. Notification settings are checked by the caller. */
export function checkServers(project: Project): ValueProblem[] {
  return [
    ...checkServerNames(project),
    ...project.servers.flatMap((server, index) => checkServer(server, `servers/server[${index + 1}]`)),
  ];
}

function checkServer(server: ServerSettings, path: string): ValueProblem[] {
  return [
    ...checkServerCounts(server, path),
    ...server.probes.flatMap((probe, index) => checkProbe(probe, `${path}/probes/probe[${index + 1}]`)),
    ...checkWitnesses(server, path),
    ...checkTakeover(server.takeover, `${path}/takeover`),
    ...checkAutomaticStop(server, path),
    ...checkCopies(server, path),
  ];
}

function invalid(path: string, found: string, expected: string): ValueProblem {
  return { code: "PROJECT_VALUE_INVALID", path, found, expected };
}

function missing(path: string, expected: string): ValueProblem {
  return { code: "PROJECT_ELEMENT_MISSING", path, found: "nothing", expected };
}

/** Commands and events call pairs and servers by their names alone. */
function checkServerNames(project: Project): ValueProblem[] {
  const owners = new Map(
    project.pairs.map((pair, index) => [pairName(pair).toLowerCase(), `pair[${index + 1}]`]),
  );
  return project.servers.flatMap(({ name }, index) => {
    const owner = owners.get(name.toLowerCase());
    if (owner === undefined) {
      owners.set(name.toLowerCase(), `server[${index + 1}]`);
      return [];
    }
    const found = `${quoted(name)}, the name of ${owner}`;
    const expected = "a name no other server or pair has, whatever the case of its letters";
    const path = `servers/server[${index + 1}]/name`;
    return [{ code: "PROJECT_NAME_DUPLICATE" as const, path, found, expected }];
  });
}

function checkServerCounts({ failover }: ServerSettings, path: string): ValueProblem[] {
  const { warnAfter, failAfter } = failover;
  if (warnAfter <= failAfter) return [];
  return [invalid(`${path}/failover/warnAfter`, `${warnAfter}`, `at most failAfter, which is ${failAfter}`)];
}

/** Each kind of probe has what it needs. */
export function checkProbe(probe: ProbeSettings, path: string): ValueProblem[] {
  switch (probe.kind) {
    case "icmp":
      return [];
    case "tcp":
      return probe.port === null ? [missing(`${path}/port`, "a port, since the kind is tcp")] : [];
    case "http":
      return checkProbeUrl(probe.url, path, "http:// or https://", /^https?:\/\//);
    case "opc":
      return checkProbeUrl(probe.url, path, "opc.tcp://", /^opc\.tcp:\/\//);
    case "command":
      return probe.command === null
        ? [missing(`${path}/command`, "a command, since the kind is command")]
        : [];
  }
}

function checkProbeUrl(url: string | null, path: string, schemes: string, pattern: RegExp): ValueProblem[] {
  const expected = `a URL that begins with ${schemes}`;
  if (url === null) return [missing(`${path}/url`, expected)];
  return pattern.test(url) && URL.canParse(url) ? [] : [invalid(`${path}/url`, quoted(url), expected)];
}

function checkWitnesses(server: ServerSettings, path: string): ValueProblem[] {
  return server.witnesses.flatMap((witness, index) =>
    witness.toLowerCase() === server.address.toLowerCase()
      ? [
          invalid(
            `${path}/witnesses/address[${index + 1}]`,
            quoted(witness),
            "another machine than the server",
          ),
        ]
      : [],
  );
}

function checkTakeover(takeover: TakeoverSettings, path: string): ValueProblem[] {
  return [
    ...checkTakenAddresses(takeover, path),
    ...(takeover.dns?.records ?? []).flatMap((record, index) =>
      checkDnsRecord(record, `${path}/dns/records/record[${index + 1}]`),
    ),
    ...takeover.services.flatMap((service, index) =>
      checkService(service, `${path}/services/service[${index + 1}]`),
    ),
  ];
}

function checkTakenAddresses(takeover: TakeoverSettings, path: string): ValueProblem[] {
  const { assumeIpAddress, addresses } = takeover;
  if (assumeIpAddress && addresses.length === 0) {
    return [missing(`${path}/addresses`, "at least one <address>, since assumeIpAddress is true")];
  }
  if (!assumeIpAddress && addresses.length > 0) {
    return [
      invalid(`${path}/addresses`, `${addresses.length} addresses`, "none, unless assumeIpAddress is true"),
    ];
  }
  return addresses.flatMap(({ address }, index) =>
    isAddressWithPrefix(address)
      ? []
      : [
          invalid(
            `${path}/addresses/address[${index + 1}]/address`,
            quoted(address),
            "an IPv4 or IPv6 address with its prefix length, e.g. 192.0.2.10/24",
          ),
        ],
  );
}

function isAddressWithPrefix(text: string): boolean {
  const [address = "", prefix = ""] = text.split("/");
  const version = isIP(address);
  return version !== 0 && Number(prefix) <= (version === 4 ? 32 : 128);
}

function checkDnsRecord(record: DnsRecord, path: string): ValueProblem[] {
  const fits = { A: isIPv4, AAAA: isIPv6, PTR: (text: string) => isIP(text) === 0 }[record.type];
  const expected = { A: "an IPv4 address", AAAA: "an IPv6 address", PTR: "a name" }[record.type];
  return (["live", "standIn"] as const)
    .filter((name) => !fits(record[name]))
    .map((name) => invalid(`${path}/${name}`, quoted(record[name]), `${expected}, for ${record.type}`));
}

function checkService(service: ServiceSettings, path: string): ValueProblem[] {
  const problems = service.readiness === null ? [] : checkProbe(service.readiness, `${path}/readiness`);
  const given: readonly (string | CommandSettings | null)[] = [service.unit, service.start];
  const count = given.filter((value) => value !== null).length;
  if (count === 1 && (service.unit === null || service.stop === null)) return problems;
  const expected = "a unit, or a start command (and its stop command)";
  const found = count === 0 ? "nothing" : "both a unit and a command";
  return [...problems, invalid(`${path}/unit`, found, expected)];
}

/** An address that the stand-in has taken shows the stand-in itself: that the live server is back is not seen. */
function checkAutomaticStop({ failover, takeover }: ServerSettings, path: string): ValueProblem[] {
  if (!failover.automaticallyStopFailover || !takeover.assumeIpAddress) return [];
  return [
    invalid(
      `${path}/failover/automaticallyStopFailover`,
      "true",
      "false, since assumeIpAddress is true: two machines would have the address when the live server comes back",
    ),
  ];
}

/** No two copies may go to the same place. */
function checkCopies({ name, replication }: ServerSettings, path: string): ValueProblem[] {
  const problems: ValueProblem[] = [];
  const taken: string[] = [];
  for (const [index, { destination }] of replication.files.entries()) {
    const here = withSlash(destination);
    if (taken.some((other) => other.startsWith(here) || here.startsWith(other))) {
      const at = `${path}/replication/files/tree[${index + 1}]/destination`;
      problems.push(
        invalid(at, quoted(destination), "a directory that no other tree of the server is copied to"),
      );
    }
    taken.push(here);
  }
  const copies = new Set<string>();
  for (const [index, { catalog }] of replication.databases.entries()) {
    const at = `${path}/replication/databases/database[${index + 1}]`;
    const copy = databaseCopyName(name, catalog);
    if (copies.has(copy))
      problems.push(invalid(`${at}/catalog`, quoted(catalog), "each database once at most"));
    else if (Buffer.byteLength(copy) > 63)
      problems.push(invalid(`${at}/catalog`, quoted(copy), "a name of the copy of at most 63 bytes"));
    copies.add(copy);
  }
  return problems;
}

/** A directory with one slash at its end, so that one that contains another is its prefix. */
export function withSlash(directory: string): string {
  return `${directory.replace(/\/+$/, "")}/`;
}

/** Name of a database's copy at the stand-in (seed: Catalog name). */
export function databaseCopyName(server: string, catalog: string): string {
  return `${server}_${catalog}`;
}
