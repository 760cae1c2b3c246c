import { DatabaseStage, pause, type StageOrder } from "./database-stage.ts";
import { orderOf, tell } from "./in-lab.ts";

export interface VisibleOrder extends StageOrder {
  readonly commits: number;
}

export interface VisibleRun {
  /** From the acknowledgement of a commit until the copy has answered with its row. */
  readonly delaysMs: readonly number[];
  /** A question to the copy while nothing is committed. */
  readonly questionsMs: readonly number[];
}

/** Commits before anything is measured: connections, caches and code get warm. */
const warmUpCommits = 50;
const patienceMs = 30_000;
const longestPauseMs = 8;

async function measure(stage: DatabaseStage, commits: number): Promise<VisibleRun> {
  const [live, copy] = await Promise.all([stage.toLive(), stage.toCopy()]);
  const isVisible = async (id: string): Promise<boolean> => {
    const { rowCount } = await copy.query({
      name: "ask",
      text: "SELECT 1 FROM probe WHERE id = $1",
      values: [id],
    });
    return (rowCount ?? 0) > 0;
  };
  try {
    const delaysMs: number[] = [];
    const questionsMs: number[] = [];
    for (let n = -warmUpCommits; n < commits; n += 1) {
      // commits must not be in step with anything that happens at intervals
      await pause(Math.random() * longestPauseMs);
      const asked = performance.now();
      await isVisible("-1");
      const answered = performance.now();
      const { rows } = await live.query<{ id: string }>({
        name: "commit",
        text: "INSERT INTO probe (what) VALUES ($1) RETURNING id",
        values: [`row ${n}`],
      });
      const acknowledged = performance.now();
      while (!(await isVisible(rows[0]?.id ?? ""))) {
        if (performance.now() - acknowledged > patienceMs) throw new Error("a commit never got to the copy");
      }
      if (n < 0) continue;
      delaysMs.push(performance.now() - acknowledged);
      questionsMs.push(answered - asked);
    }
    return { delaysMs, questionsMs };
  } finally {
    await Promise.all([live.end(), copy.end()]);
  }
}

const order = orderOf<VisibleOrder>();
const stage = await DatabaseStage.start(order);
try {
  tell<VisibleRun>(await measure(stage, order.commits));
} finally {
  await stage.remove();
}
