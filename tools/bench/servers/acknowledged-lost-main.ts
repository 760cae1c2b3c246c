import { DatabaseStage, names, pause, type StageOrder } from "./database-stage.ts";
import { orderOf, tell } from "./in-lab.ts";

export interface LostOrder extends StageOrder {
  readonly kills: number;
}

/**
 * What acknowledges a row as replicated: `reported`: it was committed before the time until which the product says
 * that all is in the copy; `waited`: the live server waits for the copy at every commit, so the commit itself does.
 */
export type Acknowledgement = "reported" | "waited";

export interface LostRun {
  readonly acknowledgement: Acknowledgement;
  readonly committedRows: number;
  readonly acknowledgedRows: number;
  readonly lostRows: number;
}

interface Row {
  readonly id: string;
  readonly committedMs: number;
}

const writers = 4;
/** The live server is killed at a moment between these, in ms, once something is acknowledged. */
const leastMs = 1000;
const mostMs = 4000;

async function setWaiting({ live }: DatabaseStage, isWaiting: boolean): Promise<void> {
  await live.query(
    "postgres",
    "SET synchronous_commit = local",
    `ALTER SYSTEM SET synchronous_standby_names = '${isWaiting ? names.stream : ""}'`,
    "SELECT pg_reload_conf()",
  );
}

/** Commits rows until its connection breaks. */
async function write(stage: DatabaseStage, committed: Row[]): Promise<void> {
  const client = await stage.toLive();
  try {
    for (;;) {
      const { rows } = await client.query<{ id: string }>(
        "INSERT INTO probe (what) VALUES ('row') RETURNING id",
      );
      committed.push({ id: rows[0]?.id ?? "", committedMs: Date.now() });
    }
  } catch {
    // that is the end of the live server
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function killOnce(stage: DatabaseStage, acknowledgement: Acknowledgement): Promise<LostRun> {
  await setWaiting(stage, acknowledgement === "waited");
  const committed: Row[] = [];
  const beganMs = Date.now();
  const writing = Array.from({ length: writers }, () => write(stage, committed));
  await pause(leastMs + Math.random() * (mostMs - leastMs));
  while (acknowledged(stage, acknowledgement, committed, beganMs).length === 0) await pause(5);
  await stage.live.kill();
  await Promise.all(writing);
  const told = acknowledged(stage, acknowledgement, committed, beganMs);
  // what a takeover does before the copy is used
  await stage.replicator.stop();
  const there = await rowsOfCopy(stage);
  await stage.live.up();
  stage.replicator.start();
  await stage.upToDate();
  return {
    acknowledgement,
    committedRows: committed.length,
    acknowledgedRows: told.length,
    lostRows: told.filter(({ id }) => !there.has(id)).length,
  };
}

function acknowledged(
  { replicator }: DatabaseStage,
  acknowledgement: Acknowledgement,
  committed: readonly Row[],
  beganMs: number,
): readonly Row[] {
  if (acknowledgement === "waited") return committed;
  const untilMs = replicator.status().completeUntilMs ?? beganMs;
  return committed.filter(({ committedMs }) => committedMs < untilMs);
}

async function rowsOfCopy(stage: DatabaseStage): Promise<ReadonlySet<string>> {
  const rows = await stage.standIn.query<{ id: string }>(names.copy, "SELECT id FROM probe");
  return new Set(rows.map(({ id }) => id));
}

const order = orderOf<LostOrder>();
const stage = await DatabaseStage.start(order);
try {
  for (let round = 0; round < order.kills; round += 1) {
    for (const acknowledgement of ["reported", "waited"] as const) {
      tell<LostRun>(await killOnce(stage, acknowledgement));
    }
  }
} finally {
  await stage.remove();
}
