import { dirname, resolve } from "node:path";
import { UnderstudyError } from "../../core/error.ts";
import type { DnsRecord, DnsSettings } from "../../project/server.ts";
import { dnsError } from "./dns-error.ts";
import type { RunProgram } from "./program.ts";

/** A record as the name server has it. */
export interface FoundRecord {
  readonly data: string;
  /** In s. */
  readonly ttl: number;
}

/** How much longer than the answer may take the program itself may take, in ms. */
const overheadMs = 2000;

/** Asks and updates one name server, with dig and nsupdate (Node's own client knows no TSIG). */
export class DnsClient {
  readonly #settings: DnsSettings;
  readonly #keyFile: string | null;
  readonly #run: RunProgram;

  constructor(settings: DnsSettings, projectFile: string, run: RunProgram) {
    const { keyFile } = settings;
    this.#settings = settings;
    this.#keyFile = keyFile === null ? null : resolve(dirname(projectFile), keyFile);
    this.#run = run;
  }

  /** All records of the name and type, as the name server has them now. */
  async lookUp(record: DnsRecord, signal: AbortSignal): Promise<readonly FoundRecord[]> {
    const { port, timeout } = this.#settings;
    const args = [
      `@${this.#settings.server}`,
      ...["-p", String(port), ...this.#key(), "+norecurse", "+noall", "+answer", "+comments", "+tries=1"],
      `+time=${Math.max(1, Math.ceil(timeout / 1000))}`,
      ...[this.#checked(record.name), record.type],
    ];
    const limit = timeout + overheadMs;
    const { code, output, complaint } = await this.#run({ program: "dig", args, timeoutMs: limit, signal });
    const status = /status: (\w+)/.exec(output)?.[1];
    const what = `Looking up ${record.type} of ${record.name}`;
    const words = output
      .split("\n")
      .filter((line) => /^;;? .*(error|timed out|failed|refused|TSIG|key)/i.test(line));
    const said = [complaint, ...words, status].filter(Boolean).join("; ");
    if (
      code !== 0 ||
      (status !== "NOERROR" && status !== "NXDOMAIN") ||
      /^;; .*TSIG.*(fail|error)/im.test(output)
    ) {
      throw dnsError(what, this.#where(), said);
    }
    return output.split("\n").flatMap((line) => parseAnswer(line, record));
  }

  /** Sends one update message, which is done as a whole or not at all. */
  async update(
    lines: readonly string[],
    zone: string | null,
    what: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { server, port, timeout } = this.#settings;
    const seconds = Math.max(1, Math.ceil(timeout / 1000));
    const input = [
      `server ${this.#checked(server)} ${port}`,
      ...(zone === null ? [] : [`zone ${this.#checked(zone)}`]),
      ...lines,
      "send",
      "",
    ].join("\n");
    const args = ["-t", String(seconds), "-u", String(seconds), "-r", "0", ...this.#key()];
    const { code, complaint } = await this.#run({
      program: "nsupdate",
      args,
      input,
      timeoutMs: timeout + overheadMs,
      signal,
    });
    if (code !== 0) throw dnsError(what, this.#where(), complaint);
  }

  #key(): readonly string[] {
    return this.#keyFile === null ? [] : ["-k", this.#keyFile];
  }

  #where(): string {
    return `${this.#settings.server} port ${this.#settings.port}`;
  }

  /** Names and addresses go into lines of commands: none may hold what separates those. */
  #checked(text: string): string {
    if (/^[\w.:*/-]+$/.test(text) && !text.startsWith("-")) return text;
    throw new UnderstudyError("DNS_NAME_INVALID", `${JSON.stringify(text)} is no name for a name server.`);
  }

  /** The line of nsupdate that stands for a record. */
  line(command: string, record: DnsRecord, data: string, ttl: number | null): string {
    const parts = [command, absolute(this.#checked(record.name)), ttl, record.type, this.#checked(data)];
    return parts.filter((part) => part !== null).join(" ");
  }
}

function parseAnswer(line: string, { name, type }: DnsRecord): FoundRecord[] {
  const [owner = "", ttl = "", , found, data] = line.trim().split(/\s+/);
  if (line.startsWith(";") || found !== type || data === undefined) return [];
  return sameName(owner, name) ? [{ data, ttl: Number(ttl) }] : [];
}

export function absolute(name: string): string {
  return name.endsWith(".") ? name : `${name}.`;
}

export function sameName(a: string, b: string): boolean {
  return absolute(a).toLowerCase() === absolute(b).toLowerCase();
}
