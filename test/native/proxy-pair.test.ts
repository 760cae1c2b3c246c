import assert from "node:assert/strict";
import type { Cause } from "../../src/core/cause.ts";
import type { ConnectionMode } from "../../src/core/policy.ts";
import type { JsonObject, JsonProcess } from "../../tools/native/json-process.ts";
import { eventually } from "../da/support/played-pair.ts";
import { type HookedPair, HookedPairs, itemCount, statsOf, valuesBeyond } from "./support/hooked-pairs.ts";
import { describeNative } from "./support/machine.ts";

const modes: readonly ConnectionMode[] = ["cold", "warm", "hot"];
const contexts = ["inproc", "local"] as const;
const patienceMs = 60_000;
/** The time of so many periods of all items. */
const periods = (count: number) => count * itemCount;

interface User {
  readonly mode: ConnectionMode;
  readonly context: (typeof contexts)[number];
  readonly plant: HookedPair;
  readonly client: JsonProcess;
}

interface Outcome extends User {
  readonly before: JsonObject;
  readonly after: JsonObject;
}

const faults: Readonly<Record<string, (plant: HookedPair) => Promise<unknown>>> = Object.freeze({
  "is killed": async ({ primary }) => process.kill(primary.pid, "SIGKILL"),
  "stands still": async ({ primary }) => process.kill(primary.pid, "SIGSTOP"),
  "says that it shuts down": ({ primary }) => primary.command({ command: "shutdown", afterMs: 5000 }),
});

/** By what each fault may be noticed first. */
const causes: Readonly<Record<string, readonly Cause["kind"][]>> = Object.freeze({
  "is killed": ["linkLost", "statusQuery"],
  "stands still": ["statusQuery"],
  "says that it shuts down": ["shutdown"],
});

describeNative("An unchanged DA client of a redundant pair", (machine) => {
  for (const [fault, strike] of Object.entries(faults)) {
    // One round a fault: a pair a mode, each with a client through the DLL and one through the EXE.
    describe(`whose primary ${fault}`, () => {
      const outcomes: Outcome[] = [];
      let plants: HookedPairs | null = null;

      before(async function () {
        this.timeout(4 * patienceMs);
        plants = await HookedPairs.create(machine());
        const users: User[] = [];
        for (const [index, mode] of modes.entries()) {
          const plant = await plants.add(mode, [2 * index + 1, 2 * index + 2]);
          for (const context of contexts) {
            users.push({ mode, context, plant, client: await plants.client(plant.name, context) });
          }
        }
        for (const { plant, mode } of users)
          if (mode === "hot") await eventually(() => isFollowed(plant), patienceMs);
        const flowing = await Promise.all(users.map(({ client }) => afterMore(client, periods(10))));
        await Promise.all([...new Set(users.map(({ plant }) => plant))].map(strike));
        await Promise.all(
          users.map(async (user, index) => {
            await eventually(() => user.plant.pair.host.status().active === "secondary", patienceMs);
            const after = await afterMore(user.client, periods(20));
            outcomes.push({ ...user, before: flowing[index] ?? {}, after });
          }),
        );
      });

      after(async function () {
        this.timeout(patienceMs);
        await plants?.stop();
      });

      it("is led to the secondary once, for this reason", () => {
        for (const mode of modes) {
          const promotions = (plants?.records ?? []).flatMap(({ pair, record }) =>
            pair === `Plant.${mode}` && record.kind === "promoted" && record.member === "secondary"
              ? [record]
              : [],
          );
          assert.deepEqual(
            promotions.map(({ cause }) => (causes[fault] ?? []).includes(cause.kind)),
            [true],
            JSON.stringify(promotions),
          );
        }
      });

      for (const mode of modes) {
        for (const context of contexts) {
          it(`goes on with its data, ${mode}, ${context === "inproc" ? "through the DLL" : "through the EXE"}`, async () => {
            const outcome = outcomes.find((each) => each.mode === mode && each.context === context);
            assert.ok(outcome, "this client got no data after the switchover");
            const { after, client } = outcome;
            const said = JSON.stringify(after);
            assert.equal(after["lastQuality"], 192, said);
            assert.equal(after["duplicated"], 0, said);
            assert.equal(after["errors"], 0, said);
            if (mode === "hot") assert.deepEqual([after["lost"], after["notGood"]], [0, 0], said);
            const read = await client.command(
              { command: "read", source: "device", items: itemCount },
              patienceMs,
            );
            assert.deepEqual([read["result"], read["quality"]], ["0x00000000", 192]);
          });
        }
      }
    });
  }
});

/** Both members send to every client of the pair. */
function isFollowed({ pair }: HookedPair): boolean {
  const sessions = [...pair.audience.sessions];
  return (
    sessions.length > 0 && sessions.every((each) => each.legs().filter(({ isReady }) => isReady).length === 2)
  );
}

async function afterMore(client: JsonProcess, values: number): Promise<JsonObject> {
  const now = await statsOf(client);
  return valuesBeyond(client, Number(now["values"]), values);
}
