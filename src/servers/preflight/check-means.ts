import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import type { CheckFinding } from "../../control/servers-api.ts";
import type { CommandSettings, ServerSettings } from "../../project/server.ts";

/** Linux capabilities by their number (linux/capability.h). */
const capabilities = Object.freeze({ CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n });

/** What this process may do and run of what the plan will ask of it. */
export async function checkMeans(server: ServerSettings): Promise<readonly CheckFinding[]> {
  const programs = commandsOf(server).map(checkProgram);
  return [...(await checkRights(server)), ...(await Promise.all(programs))];
}

async function checkRights({ takeover }: ServerSettings): Promise<readonly CheckFinding[]> {
  if (!takeover.assumeIpAddress) return [];
  const missing = await missingCapabilities();
  if (missing === null) return [];
  const finding = { part: "takeover", name: "rights" } as const;
  if (missing.length === 0) return [{ ...finding, verdict: "ok", detail: "addresses can be taken" }];
  const detail = `addresses cannot be taken: this process lacks ${missing.join(" and ")}`;
  return [{ ...finding, verdict: "failed", detail }];
}

/** null where the system does not tell. */
async function missingCapabilities(): Promise<readonly string[] | null> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective === undefined) return null;
  const held = BigInt(`0x${effective}`);
  return Object.entries(capabilities)
    .filter(([, bit]) => ((held >> bit) & 1n) === 0n)
    .map(([name]) => name);
}

/** Every program that the project names for this server, each once. */
function commandsOf(server: ServerSettings): readonly CommandSettings[] {
  const { probes, takeover, failback } = server;
  const { stopSource, fence, preScript, postScript, services } = takeover;
  const all = [
    ...probes.map(({ command }) => command),
    ...[stopSource, fence, preScript, postScript, failback.preScript, failback.postScript],
    ...services.flatMap(({ start, stop, readiness }) => [start, stop, readiness?.command ?? null]),
  ];
  const byProgram = new Map(
    all.filter((command) => command !== null).map((command) => [command.program, command]),
  );
  return [...byProgram.values()];
}

async function checkProgram({ program }: CommandSettings): Promise<CheckFinding> {
  const finding = { part: "takeover", name: program } as const;
  try {
    await access(program, constants.X_OK);
    return { ...finding, verdict: "ok", detail: "can be run" };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const detail = code === "ENOENT" ? "there is no such file" : "it cannot be run; see its mode (chmod +x)";
    return { ...finding, verdict: "failed", detail };
  }
}
