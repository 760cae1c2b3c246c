import type { CheckFinding, ServerCheck } from "../../control/servers-api.ts";
import type { ServerSettings } from "../../project/server.ts";
import { icmpProbe } from "../probes/icmp-probe.ts";
import { makeProbe, makeProbes, type ProbeTools } from "../probes/make-probes.ts";
import { askInTime, type ProbeVerdict } from "../probes/probe.ts";
import type { Replicator, TakeoverRunner } from "../seams.ts";
import { checkMeans } from "./check-means.ts";
import { roomAt, roomText } from "./room.ts";

export interface CheckParts {
  readonly tools: ProbeTools;
  readonly runner: TakeoverRunner;
  /** Of this server, started or not. */
  readonly replicators: readonly Replicator[];
  readonly stateDirectory: string;
  /** This machine holds the server's address now, so that only the other one leads to the server. */
  readonly holdsAddress: boolean;
}

/** Room that the journal of a takeover needs and that events should have, in bytes. */
const leastRoomBytes = 64 * 1024 * 1024;
/** Most time one part of the check may take, in ms. */
const partLimitMs = 30_000;

/**
 * Looks at everything a takeover depends on, before anything depends on it, and changes nothing: probes, witnesses,
 * each step of the plan, what is copied from where to where. Never rejects for what is not well: that is a finding.
 */
export async function checkServer(server: ServerSettings, parts: CheckParts): Promise<ServerCheck> {
  const findings = await Promise.all([
    checkProbes(server, parts),
    checkWitnesses(server),
    checkPlan(server, parts.runner),
    checkMeans(server),
    checkRoom(parts.stateDirectory),
    ...parts.replicators.map(checkReplicator),
  ]);
  return { server: server.name, findings: findings.flat() };
}

async function checkProbes(server: ServerSettings, parts: CheckParts): Promise<readonly CheckFinding[]> {
  const { tools, holdsAddress } = parts;
  if (holdsAddress && server.maintenanceAddress === null) {
    const detail =
      "not asked: this machine has the server's address, and the project names no maintenance address";
    return [{ part: "probe", name: server.address, verdict: "warning", detail }];
  }
  const address = holdsAddress ? (server.maintenanceAddress ?? server.address) : server.address;
  const probes = [...makeProbes(server, address, tools)];
  // failback needs it on the day when nobody has the time to find out
  if (!holdsAddress && server.maintenanceAddress !== null) {
    const own = { ...server, probes: server.probes.filter(({ kind }) => kind !== "command") };
    const [first] = own.probes;
    probes.push(
      first === undefined
        ? icmpProbe(server.maintenanceAddress, server.pingTimeout)
        : makeProbe(first, server, server.maintenanceAddress, tools),
    );
  }
  return await Promise.all(
    probes.map(async (probe): Promise<CheckFinding> => {
      const { verdict, detail } = await askInTime(probe, server.pingTimeout);
      return { part: "probe", name: probe.name, verdict: verdictOf(verdict), detail };
    }),
  );
}

function verdictOf(verdict: ProbeVerdict): CheckFinding["verdict"] {
  switch (verdict) {
    case "well":
      return "ok";
    case "failed":
      return "failed";
    case "unknown":
      return "warning";
  }
}

async function checkWitnesses({ witnesses, pingTimeout }: ServerSettings): Promise<readonly CheckFinding[]> {
  if (witnesses.length === 0) {
    const detail = "none: a cable pulled out of this machine looks like a failed server. Name a router";
    return [{ part: "witness", name: "witnesses", verdict: "warning", detail }];
  }
  return await Promise.all(
    witnesses.map(async (witness): Promise<CheckFinding> => {
      const { verdict, detail } = await askInTime(icmpProbe(witness, pingTimeout), pingTimeout);
      return { part: "witness", name: witness, verdict: verdictOf(verdict), detail };
    }),
  );
}

async function checkPlan(server: ServerSettings, runner: TakeoverRunner): Promise<readonly CheckFinding[]> {
  try {
    const steps = await runner.plan(server, "takeover");
    return steps.map(({ name, text, problem }) => ({
      part: "takeover",
      name,
      verdict: problem === null ? "ok" : "failed",
      detail: problem ?? text,
    }));
  } catch (error) {
    return [failure("takeover", "plan", error)];
  }
}

async function checkRoom(directory: string): Promise<readonly CheckFinding[]> {
  try {
    const room = await roomAt(directory);
    const verdict = room.freeBytes < leastRoomBytes ? "failed" : "ok";
    return [
      { part: "takeover", name: "state directory", verdict, detail: `${directory}: ${roomText(room)}` },
    ];
  } catch (error) {
    return [failure("takeover", "state directory", error)];
  }
}

async function checkReplicator(replicator: Replicator): Promise<readonly CheckFinding[]> {
  const { kind: part } = replicator;
  try {
    const findings = await replicator.check(AbortSignal.timeout(partLimitMs));
    return findings.map((finding) => ({ part, ...finding }));
  } catch (error) {
    return [failure(part, replicator.name, error)];
  }
}

function failure(part: CheckFinding["part"], name: string, error: unknown): CheckFinding {
  return { part, name, verdict: "failed", detail: error instanceof Error ? error.message : String(error) };
}
