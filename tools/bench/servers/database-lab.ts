import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingForDatabases } from "../../../test/servers/replication/support/postgres.ts";
import { addresses, Lab, whyNoLab } from "../../../test/servers/support/lab.ts";
import type { StageOrder } from "./database-stage.ts";
import { runInLab } from "./in-lab.ts";

/** Why no two database servers can be started in a lab here; null = they can. */
export async function whyNoDatabases(): Promise<string | null> {
  return (await whyNoLab()) ?? missingForDatabases();
}

/** Runs a program at the stand-in of a lab of its own, with a database server there and one at the live host. */
export async function runWithDatabases<Order extends StageOrder, Result>(
  program: string,
  order: Omit<Order, keyof StageOrder>,
  onResult: (result: Result, all: readonly Result[]) => void,
): Promise<readonly Result[]> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-bench-"));
  // PostgreSQL runs as a user of its own
  await chmod(directory, 0o711);
  const lab = await Lab.create();
  const host = (name: "live" | "standin") => ({
    address: addresses[name].ipv4,
    network: `/run/netns/${lab.namespace(name)}`,
  });
  try {
    const whole = { ...order, live: host("live"), standIn: host("standin") };
    return await runInLab<typeof whole, Result>(lab, "standin", program, whole, directory, onResult);
  } finally {
    await lab.remove();
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}
