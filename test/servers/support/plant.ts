import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DeepPartial } from "../../../src/project/pairs.ts";
import { newProject } from "../../../src/project/project-document.ts";
import type { CommandSettings, ServerSettings, TakeoverSettings } from "../../../src/project/server.ts";
import { addresses, type Lab, maintenanceAddress } from "./lab.ts";
import { reverseZone, zone } from "./name-server.ts";

const serviceProgram = fileURLToPath(new URL("service-main.js", import.meta.url));

/** The port of the live server's service, which the stand-in takes over. */
export const servicePort = 8080;

/**
 * What the stand-in of a lab needs for takeovers: a directory with its state, scripts that note in `calls` each time
 * they run, and a service that is started and stopped by commands.
 */
export class Plant {
  readonly directory: string;
  /** The port of the stand-in's service. */
  readonly port: number;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
  }

  /** In a directory that is removed by the caller. */
  static async create(parent: string, name: string, port = servicePort): Promise<Plant> {
    const plant = new Plant(join(parent, name), port);
    await mkdir(plant.directory, { recursive: true });
    await plant.script("start", `${daemon(plant, "stand-in")}`);
    await plant.script("stop", `kill -9 "$(cat ${join(plant.directory, "service.pid")})"`);
    for (const each of ["source", "fence", "pre", "post", "back-pre", "back-post"])
      await plant.script(each, ":");
    return plant;
  }

  /** A script that notes its call and its environment, then does what it is given. */
  async script(name: string, text: string, timeout = 30_000): Promise<CommandSettings> {
    const program = this.path(name);
    const note = `echo "${name} $UNDERSTUDY_SERVER $UNDERSTUDY_PLAN $UNDERSTUDY_ADDRESSES" >>${this.path("calls")}`;
    await writeFile(program, `#!/bin/sh\n${note}\n${text}\n`);
    await chmod(program, 0o755);
    return { program, arguments: [], timeout };
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Names of the scripts that ran, in their order. */
  async calls(): Promise<readonly string[]> {
    return (await this.callLines()).map((line) => line.split(" ")[0] ?? "");
  }

  async callLines(): Promise<readonly string[]> {
    const text = await readFile(this.path("calls"), "utf8").catch(() => "");
    return text.split("\n").filter(Boolean);
  }

  command(name: string, timeout = 30_000): CommandSettings {
    return { program: this.path(name), arguments: [], timeout };
  }

  /** A server with every step there is, as the project has it, defaults filled in. */
  server(keyFile: string | null, change: DeepPartial<ServerSettings> = {}): ServerSettings {
    const takeover: DeepPartial<TakeoverSettings> = {
      assumeIpAddress: true,
      addresses: [
        { address: `${addresses.live.ipv4}/24`, interface: "eth0" },
        { address: `${addresses.live.ipv6}/64`, interface: "eth0" },
      ],
      stopSource: this.command("source"),
      fence: this.command("fence"),
      preScript: this.command("pre"),
      ...(keyFile === null ? {} : { dns: dnsSettings(keyFile) }),
      services: [
        {
          name: "web",
          start: this.command("start"),
          stop: this.command("stop"),
          readiness: { kind: "http", url: `http://127.0.0.1:${this.port}/` },
          timeout: 30_000,
        },
      ],
      postScript: this.command("post"),
    };
    const document = newProject().addServer({
      maintenanceAddress,
      pingInterval: 100,
      pingTimeout: 1000,
      ...change,
      name: change.name ?? "plant1",
      address: change.address ?? addresses.live.ipv4,
      failover: { ...change.failover },
      failback: {
        preScript: this.command("back-pre"),
        postScript: this.command("back-post"),
        ...change.failback,
      },
      takeover: { ...takeover, ...change.takeover },
    });
    const [server] = document.project.servers;
    if (server === undefined) throw new Error("the project has no server");
    return server;
  }

  /** A server whose plans change nothing but what this directory holds: scripts, and a service on loopback. */
  local(change: DeepPartial<ServerSettings> = {}): ServerSettings {
    const takeover = { assumeIpAddress: false, addresses: [], ...change.takeover };
    return this.server(null, { ...change, takeover });
  }

  /** Ends the service, if it runs. */
  async endService(): Promise<void> {
    const pid = Number(await readFile(this.path("service.pid"), "utf8").catch(() => ""));
    try {
      if (pid > 1) process.kill(pid, "SIGKILL");
    } catch {
      // It was stopped by the plan.
    }
  }

  /** The live server's own service. */
  startLive(lab: Lab): Promise<unknown> {
    const args = [serviceProgram, "live", String(servicePort)];
    return lab.started("live", process.execPath, args, /ready/);
  }
}

function daemon(plant: Plant, text: string): string {
  const log = plant.path("service.log");
  const pid = plant.path("service.pid");
  return `setsid ${process.execPath} ${serviceProgram} ${text} ${plant.port} >${log} 2>&1 </dev/null &\necho $! >${pid}`;
}

export function dnsSettings(keyFile: string): NonNullable<ServerSettings["takeover"]["dns"]> {
  const { live, standin, dns } = addresses;
  const ptr = { zone: reverseZone, name: `10.${reverseZone}`, type: "PTR" } as const;
  return {
    server: dns.ipv4,
    port: 53,
    keyFile,
    timeout: 10_000,
    records: [
      { zone, name: `server.${zone}`, type: "A", live: live.ipv4, standIn: standin.ipv4, ttl: 30 },
      { zone: null, name: `server.${zone}`, type: "AAAA", live: live.ipv6, standIn: standin.ipv6, ttl: 30 },
      { ...ptr, live: `server.${zone}`, standIn: `standin.${zone}`, ttl: 30 },
    ],
  };
}

/** Asks the service at an address from the third host: what it answers, or null. */
export async function askFromClient(lab: Lab, address: string, timeoutMs: number): Promise<string | null> {
  const host = address.includes(":") ? `[${address}]` : address;
  const { code, output } = await lab.run("client", process.execPath, [
    "-e",
    `fetch(process.argv[1], { signal: AbortSignal.timeout(${timeoutMs}) }).then((r) => r.text()).then((t) => process.stdout.write(t), () => process.exit(1))`,
    `http://${host}:${servicePort}/`,
  ]);
  return code === 0 ? output : null;
}
