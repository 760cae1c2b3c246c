import { StatusCodes } from "node-opcua";
import { defaultBadStatus } from "./faults.ts";
import type { SimulatorServer } from "./server/server.ts";

/** What can be asked of a running simulator, as one line of JSON with an `id` that the answer repeats. */
export type ControlCommand =
  /** `item` a NodeId or `*`; `status` the name of a status code. */
  | { readonly command: "quality"; readonly item: string; readonly good: boolean; readonly status?: string }
  | { readonly command: "freezeWatchdog"; readonly frozen: boolean }
  /** Writes a value through the address space, e.g. `_System.State`. */
  | { readonly command: "set"; readonly item: string; readonly value: unknown }
  /** Without `forMs` until `release`. */
  | { readonly command: "hang"; readonly forMs?: number }
  | { readonly command: "release" }
  | { readonly command: "slow"; readonly delayMs: number }
  | { readonly command: "refuse"; readonly connections?: boolean; readonly sessions?: boolean }
  | { readonly command: "drop" }
  | { readonly command: "shutdown"; readonly afterMs: number; readonly reason?: string }
  | { readonly command: "reset" }
  | { readonly command: "status" };

export interface ControlAnswer {
  readonly id: number | null;
  readonly ok: boolean;
  readonly error?: string;
  readonly connections?: number;
  readonly sessions?: number;
}

/** Carries out one line of the control channel. */
export function control(server: SimulatorServer, line: string, nowMs: number): ControlAnswer {
  let id: number | null = null;
  try {
    const parsed = JSON.parse(line) as ControlCommand & { readonly id?: number };
    id = parsed.id ?? null;
    perform(server, parsed, nowMs);
    const { connectionCount: connections, sessionCount: sessions } = server;
    return { id, ok: true, connections, sessions };
  } catch (error) {
    return { id, ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

function perform(server: SimulatorServer, command: ControlCommand, nowMs: number): void {
  const { faults } = server;
  switch (command.command) {
    case "quality":
      faults.setQuality(command.item, command.good ? 0 : badStatus(command.status), nowMs);
      return;
    case "freezeWatchdog":
      faults.freezeWatchdog(command.frozen, nowMs);
      return;
    case "set":
      server.set(command.item, command.value, nowMs);
      return;
    case "hang":
      faults.hang(command.forMs ?? null);
      return;
    case "release":
      faults.release();
      return;
    case "slow":
      faults.slow(command.delayMs);
      return;
    case "refuse":
      faults.refuse(command);
      return;
    case "drop":
      faults.dropConnections();
      return;
    case "shutdown":
      faults.beginShutdown(command.afterMs, command.reason ?? "asked for", nowMs);
      return;
    case "reset":
      faults.reset(nowMs);
      return;
    case "status":
      return;
    default:
      throw new Error(`unknown command ${JSON.stringify(command satisfies never)}`);
  }
}

function badStatus(name: string | undefined): number {
  if (name === undefined) return defaultBadStatus;
  const status = Object.entries(StatusCodes).find(([known]) => known === name)?.[1];
  if (!status) throw new Error(`unknown status code ${name}`);
  return status.value;
}
