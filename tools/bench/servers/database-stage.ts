import pg from "pg";
import { systemClock } from "../../../src/opc/clock.ts";
import { HotReplicator } from "../../../src/servers/replication/database/hot/hot-replicator.ts";
import { copyNames } from "../../../src/servers/replication/database/names.ts";
import type { DatabasePlace } from "../../../src/servers/replication/database/place.ts";
import { type PostgresHost, TestPostgres } from "../../../test/servers/replication/support/postgres.ts";

/** Where the two database servers of a measurement run. */
export interface StageOrder {
  readonly live: PostgresHost;
  readonly standIn: PostgresHost;
}

const catalog = "Bench";
const patienceMs = 60_000;

export const names = copyNames("LIVE", catalog);

/** Two PostgreSQL servers on two hosts, a table `probe`, and a hot copy of it that is up to date. */
export class DatabaseStage {
  readonly live: TestPostgres;
  readonly standIn: TestPostgres;
  readonly replicator: HotReplicator;
  #failure: string | null = null;

  private constructor(live: TestPostgres, standIn: TestPostgres) {
    this.live = live;
    this.standIn = standIn;
    this.replicator = new HotReplicator({
      names,
      catalog,
      source: async () => live.place,
      standIn: async () => standIn.place,
      dailyAt: null,
      clock: systemClock,
      report: {
        complete: () => {
          this.#failure = null;
        },
        failed: (error) => {
          this.#failure = `${error.code}: ${error.message}`;
        },
        noticed: () => undefined,
      },
    });
  }

  static async start(order: StageOrder): Promise<DatabaseStage> {
    const settings = ["wal_level=logical"];
    const live = await TestPostgres.start(settings, order.live);
    const standIn = await TestPostgres.start(settings, order.standIn).catch(async (error: unknown) => {
      await live.stop();
      throw error;
    });
    const stage = new DatabaseStage(live, standIn);
    try {
      await live.query("postgres", `CREATE DATABASE "${catalog}"`);
      await live.query(catalog, "CREATE TABLE probe (id bigserial PRIMARY KEY, what text)");
      stage.replicator.start();
      await stage.upToDate();
      return stage;
    } catch (error) {
      await stage.remove();
      throw error;
    }
  }

  /** Resolves when the product says that all there was at the live server by now is in the copy. */
  async upToDate(): Promise<void> {
    const nowMs = Date.now();
    while ((this.replicator.status().completeUntilMs ?? 0) < nowMs) {
      if (Date.now() - nowMs > patienceMs) throw new Error(`the copy does not follow: ${this.#failure}`);
      await pause(20);
    }
  }

  /** A connection to the live database; one that breaks is noticed by the next question. */
  toLive(): Promise<pg.Client> {
    return connected(this.live.place, catalog);
  }

  toCopy(): Promise<pg.Client> {
    return connected(this.standIn.place, names.copy);
  }

  async remove(): Promise<void> {
    await this.replicator.stop().catch(() => undefined);
    await Promise.all([this.live.stop(), this.standIn.stop()]);
  }
}

async function connected(place: DatabasePlace, database: string): Promise<pg.Client> {
  const { host, port, user, password } = place;
  const client = new pg.Client({ host, port, user, password: password ?? "", database });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
