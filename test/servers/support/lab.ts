import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Hosts of a lab, each a network namespace with one interface `eth0` on the common switch. */
export type HostName = "live" | "standin" | "client" | "dns";

interface HostAddresses {
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Networks of a lab are connected to nothing, so every lab may use the same addresses. */
export const addresses: Readonly<Record<HostName, HostAddresses>> = {
  live: { ipv4: "10.77.0.10", ipv6: "fd77::10" },
  standin: { ipv4: "10.77.0.20", ipv6: "fd77::20" },
  client: { ipv4: "10.77.0.30", ipv6: "fd77::30" },
  dns: { ipv4: "10.77.0.53", ipv6: "fd77::53" },
};

/** The second address of the live server, which it keeps. */
export const maintenanceAddress = "10.77.0.11";

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly complaint: string;
}

/**
 * Why no lab can be made here, in a word; null = it can.
 * Labs need root, network namespaces, and the programs that takeovers use.
 */
export async function whyNoLab(): Promise<string | null> {
  if (process.platform !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  const probe = `understudy-probe-${randomBytes(4).toString("hex")}`;
  try {
    await execute("ip", ["netns", "add", probe]);
    await execute("ip", ["netns", "delete", probe]);
  } catch (error) {
    return `no network namespaces: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
  }
  for (const program of ["arping", "ping", "nsupdate", "dig", "named", "nft", "sshd"]) {
    const found = await execute("sh", ["-c", `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`]).catch(
      () => null,
    );
    if (found === null) return `${program} is not installed`;
  }
  return null;
}

/** A small network of hosts. Everything in it ends with `remove`. */
export class Lab {
  static readonly #open = new Set<Lab>();
  readonly directory: string;
  readonly #id: string;
  readonly #children = new Set<ChildProcess>();

  private constructor(id: string, directory: string) {
    this.#id = id;
    this.directory = directory;
  }

  static async create(): Promise<Lab> {
    const id = randomBytes(4).toString("hex");
    const lab = new Lab(id, await mkdtemp(join(tmpdir(), "understudy-lab-")));
    Lab.#open.add(lab);
    try {
      await lab.#build();
      return lab;
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  namespace(host: HostName | "switch"): string {
    return `us-${this.#id}-${host}`;
  }

  async #build(): Promise<void> {
    const hosts = Object.keys(addresses) as readonly HostName[];
    await ip("netns", "add", this.namespace("switch"));
    const inSwitch = (...args: readonly string[]): Promise<void> =>
      ip("-n", this.namespace("switch"), ...args);
    await inSwitch("link", "add", "br0", "type", "bridge");
    await inSwitch("link", "set", "br0", "up");
    for (const host of hosts) {
      const name = this.namespace(host);
      await ip("netns", "add", name);
      const peer = ["peer", "name", host, "netns", this.namespace("switch")];
      await ip("-n", name, "link", "add", "eth0", "type", "veth", ...peer);
      await inSwitch("link", "set", host, "master", "br0", "up");
      await ip("-n", name, "link", "set", "lo", "up");
      await ip("-n", name, "link", "set", "eth0", "up");
      await ip("-n", name, "address", "add", `${addresses[host].ipv4}/24`, "dev", "eth0");
      await ip("-n", name, "address", "add", `${addresses[host].ipv6}/64`, "dev", "eth0", "nodad");
    }
    // Else the maintenance address would go with the first one of its network.
    await this.must("live", "sysctl", "-q", "-w", "net.ipv4.conf.all.promote_secondaries=1");
    await ip("-n", this.namespace("live"), "address", "add", `${maintenanceAddress}/24`, "dev", "eth0");
  }

  /** Runs a program on a host to its end. */
  async run(host: HostName | "switch", program: string, args: readonly string[]): Promise<Ended> {
    const child = this.spawn(host, program, args);
    let output = "";
    let complaint = "";
    child.stdout?.on("data", (data: Buffer) => {
      output += data.toString();
    });
    child.stderr?.on("data", (data: Buffer) => {
      complaint += data.toString();
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output, complaint };
  }

  /** As `run`, for what must not fail. */
  async must(host: HostName | "switch", program: string, ...args: readonly string[]): Promise<string> {
    const { code, output, complaint } = await this.run(host, program, args);
    if (code !== 0) throw new Error(`${program} ${args.join(" ")} on ${host}: ${code} ${complaint}`);
    return output;
  }

  /** Starts a program on a host; it ends with the lab at the latest. */
  spawn(
    host: HostName | "switch",
    program: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    // Only the network is the host's: what iproute2 mounts while a plan runs must outlive its process.
    const network = `--net=/run/netns/${this.namespace(host)}`;
    const child = spawn("nsenter", [network, program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin`, LC_ALL: "C" },
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  /** Starts a program on a host and resolves when it has written what is waited for. */
  async started(
    host: HostName,
    program: string,
    args: readonly string[],
    ready: RegExp,
  ): Promise<ChildProcess> {
    const child = this.spawn(host, program, args);
    let said = "";
    await new Promise<void>((resolve, reject) => {
      const onData = (data: Buffer): void => {
        said += data.toString();
        if (ready.test(said)) resolve();
      };
      child.stdout?.on("data", onData);
      child.stderr?.on("data", onData);
      child.once("exit", (code) => reject(new Error(`${program} ended with ${code}: ${said.slice(-800)}`)));
      child.once("error", reject);
    });
    return child;
  }

  /** Pulls a host's cable, or plugs it in again. */
  async cable(host: HostName, state: "up" | "down"): Promise<void> {
    await ip("-n", this.namespace("switch"), "link", "set", host, state);
  }

  /** The addresses of a host's eth0. */
  async addressesOf(host: HostName): Promise<readonly string[]> {
    const shown = await this.must(host, "ip", "-json", "address", "show", "dev", "eth0");
    const [found] = JSON.parse(shown) as { addr_info: { local: string; scope: string }[] }[];
    return (found?.addr_info ?? []).filter(({ scope }) => scope === "global").map(({ local }) => local);
  }

  /** Ends every process on a host, daemons included. */
  async endProcesses(host: HostName): Promise<void> {
    const { stdout } = await execute("ip", ["netns", "pids", this.namespace(host)]).catch(() => ({
      stdout: "",
    }));
    for (const pid of stdout
      .split("\n")
      .map(Number)
      .filter((each) => each > 1))
      kill(pid);
  }

  /** For a process that is to end early. */
  static async removeAll(): Promise<void> {
    await Promise.all([...Lab.#open].map((lab) => lab.remove()));
  }

  async remove(): Promise<void> {
    Lab.#open.delete(this);
    for (const child of this.#children) kill(child.pid);
    for (const host of [...(Object.keys(addresses) as HostName[]), "switch"] as const) {
      if (host !== "switch") await this.endProcesses(host);
      await ip("netns", "delete", this.namespace(host)).catch(() => undefined);
    }
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  await execute("ip", [...args]);
}

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
