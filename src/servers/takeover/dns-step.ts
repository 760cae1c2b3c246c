import { UnderstudyError } from "../../core/error.ts";
import type { DnsRecord, DnsSettings } from "../../project/server.ts";
import type { Memo, Step, StepIo } from "../plan/step.ts";
import { absolute, DnsClient, type FoundRecord, sameName } from "./dns-client.ts";
import type { StepTools } from "./step-tools.ts";

/**
 * Points names to the stand-in. Each update has the records as prerequisite that were just seen, so that what
 * somebody else changes meanwhile is not lost. Undone, the old records come back with their old time to live.
 */
export function dnsStep(dns: DnsSettings, tools: StepTools): Step {
  const client = new DnsClient(dns, tools.projectFile, tools.runOutside);
  const isTest = tools.kind === "test";
  return {
    name: "dns",
    weight: 5,
    timeoutMs: 2000 + 4 * dns.timeout * dns.records.length,
    mayFail: false,
    interruptible: false,
    reverses: null,
    describe: () =>
      isTest
        ? `ask the name server ${dns.server} whether ${namesOf(dns.records)} could be changed`
        : `point ${dns.records.map(({ name, standIn }) => `${name} to ${standIn}`).join(", ")}`,
    prepare: async (io) => ({
      before: await Promise.all(dns.records.map((each) => remembered(client, each, io))),
    }),
    check: async (io) => !isTest && (await all(dns.records, (each) => isTaken(client, each, io))),
    do: (io) => (isTest ? tryOut(dns, client, io) : take(dns, client, io)),
    undo: (io, memo) => (isTest ? Promise.resolve("nothing was changed") : giveBack(dns, client, io, memo)),
  };
}

async function remembered(client: DnsClient, record: DnsRecord, io: StepIo): Promise<Memo> {
  return (await client.lookUp(record, io.signal)).map(({ data, ttl }) => ({ data, ttl }));
}

async function isTaken(client: DnsClient, record: DnsRecord, io: StepIo): Promise<boolean> {
  const found = await client.lookUp(record, io.signal);
  return has(found, record, record.standIn) && !has(found, record, record.live);
}

async function take(dns: DnsSettings, client: DnsClient, io: StepIo): Promise<string> {
  for (const [zone, records] of messagesOf(dns.records)) {
    const lines: string[] = [];
    for (const record of records) {
      const found = await client.lookUp(record, io.signal);
      if (has(found, record, record.standIn) && !has(found, record, record.live)) continue;
      if (!has(found, record, record.live) && found.length > 0) throw changed(record, found);
      const { live, standIn, ttl } = record;
      lines.push(
        ...prerequisite(client, record, found),
        client.line("update delete", record, dataOf(record, live), null),
        client.line("update add", record, dataOf(record, standIn), ttl),
      );
    }
    if (lines.length > 0) await client.update(lines, zone, `Pointing ${namesOf(records)}`, io.signal);
  }
  return `pointed ${namesOf(dns.records)} to the stand-in`;
}

async function giveBack(dns: DnsSettings, client: DnsClient, io: StepIo, memo: Memo): Promise<string> {
  const left: string[] = [];
  for (const [zone, records] of messagesOf(dns.records)) {
    const lines: string[] = [];
    for (const record of records) {
      const found = await client.lookUp(record, io.signal);
      const before = beforeOf(memo, dns.records.indexOf(record));
      const standInWasThere = before.some(({ data }) => sameData(record, data, record.standIn));
      const missing = before.filter(({ data }) => !has(found, record, data));
      if (!has(found, record, record.standIn)) {
        if (missing.length > 0)
          left.push(`${record.name} is ${found.map(({ data }) => data).join(", ") || "empty"}`);
        continue;
      }
      lines.push(
        ...prerequisite(client, record, found),
        ...(standInWasThere
          ? []
          : [client.line("update delete", record, dataOf(record, record.standIn), null)]),
        ...missing.map(({ data, ttl }) => client.line("update add", record, dataOf(record, data), ttl)),
      );
    }
    const changes = lines.some((line) => line.startsWith("update"));
    if (changes) await client.update(lines, zone, `Giving back ${namesOf(records)}`, io.signal);
  }
  const but = left.length === 0 ? "" : `; somebody else has changed what was left alone: ${left.join("; ")}`;
  return `${namesOf(dns.records)} are what they were before${but}`;
}

/** An update without a change: the name server judges key, zone and prerequisites as for a real one. */
async function tryOut(dns: DnsSettings, client: DnsClient, io: StepIo): Promise<string> {
  for (const [zone, records] of messagesOf(dns.records)) {
    const lines: string[] = [];
    for (const record of records) {
      const found = await client.lookUp(record, io.signal);
      if (!has(found, record, record.live) && found.length > 0) throw changed(record, found);
      lines.push(...prerequisite(client, record, found));
    }
    await client.update(lines, zone, `Testing the update of ${namesOf(records)}`, io.signal);
  }
  return `the name server would take the update of ${namesOf(dns.records)}`;
}

function changed(record: DnsRecord, found: readonly FoundRecord[]): UnderstudyError {
  const seen = found.map(({ data }) => data).join(", ");
  return new UnderstudyError(
    "DNS_RECORD_CHANGED",
    `${record.type} of ${record.name} is ${seen}, expected ${record.live}: somebody else has changed it, and it is left alone. Set it right, or change live in the project`,
  );
}

/** The whole set must be as it was seen, or not be there at all. */
function prerequisite(
  client: DnsClient,
  record: DnsRecord,
  found: readonly FoundRecord[],
): readonly string[] {
  if (found.length === 0) return [`prereq nxrrset ${absolute(record.name)} ${record.type}`];
  return found.map(({ data }) => client.line("prereq yxrrset", record, dataOf(record, data), null));
}

/** Records of one zone go in one message; where the zone is left to the name server, each goes alone. */
function messagesOf(
  records: readonly DnsRecord[],
): readonly (readonly [string | null, readonly DnsRecord[]])[] {
  const byZone = new Map<string, DnsRecord[]>();
  for (const record of records) {
    if (record.zone !== null) byZone.set(record.zone, [...(byZone.get(record.zone) ?? []), record]);
  }
  return [
    ...byZone,
    ...records.filter(({ zone }) => zone === null).map((record) => [null, [record]] as const),
  ];
}

function has(found: readonly FoundRecord[], record: DnsRecord, data: string): boolean {
  return found.some((each) => sameData(record, each.data, data));
}

function sameData({ type }: DnsRecord, a: string, b: string): boolean {
  return type === "PTR" ? sameName(a, b) : canonicalAddress(a) === canonicalAddress(b);
}

function canonicalAddress(address: string): string {
  return URL.canParse(`http://[${address}]`) ? new URL(`http://[${address}]`).hostname : address;
}

function dataOf({ type }: DnsRecord, data: string): string {
  return type === "PTR" ? absolute(data) : data;
}

function beforeOf(memo: Memo, index: number): readonly FoundRecord[] {
  if (typeof memo !== "object" || memo === null || !("before" in memo)) return [];
  const all = memo["before"];
  const records = Array.isArray(all) ? all[index] : [];
  return Array.isArray(records) ? (records as readonly FoundRecord[]) : [];
}

function namesOf(records: readonly DnsRecord[]): string {
  return records.map(({ name, type }) => `${name} ${type}`).join(", ");
}

async function all<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (!(await holds(item))) return false;
  return true;
}
