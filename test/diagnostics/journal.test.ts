import assert from "node:assert/strict";
import fc from "fast-check";
import type { DiagnosticEvent } from "../../src/diagnostics/event.ts";
import { createJournal } from "../../src/diagnostics/journal.ts";
import { createRing } from "../../src/diagnostics/ring.ts";
import { anEvent } from "./helpers.ts";

const limits = (maximumEvents: number, pairs: Record<string, number> = {}) => ({ maximumEvents, pairs });
const ids = (events: readonly DiagnosticEvent[]) => events.map((event) => event.id);

describe("the journal", () => {
  it("keeps as many events as configured and drops the oldest first", () => {
    const journal = createJournal(limits(1000));
    for (let index = 0; index < 1003; index++) journal.append(anEvent());
    const kept = journal.query();
    assert.equal(kept.length, 1000);
    assert.equal(kept[0]?.id, 4);
    assert.equal(kept.at(-1)?.id, 1003);
  });

  it("applies a smaller or larger limit at once", () => {
    const journal = createJournal(limits(5));
    for (let index = 0; index < 5; index++) journal.append(anEvent());
    journal.configure(limits(2));
    assert.deepEqual(ids(journal.query()), [4, 5]);
    journal.configure(limits(4));
    for (let index = 0; index < 3; index++) journal.append(anEvent());
    assert.deepEqual(ids(journal.query()), [5, 6, 7, 8]);
  });

  it("lets a pair with a limit of its own neither crowd out others nor be crowded out", () => {
    const journal = createJournal(limits(3, { Noisy: 2 }));
    journal.append(anEvent({ pair: "Quiet" }));
    for (let index = 0; index < 10; index++) journal.append(anEvent({ pair: "Noisy" }));
    journal.append(anEvent({ pair: null }));
    assert.deepEqual(ids(journal.query()), [1, 10, 11, 12]);
    for (let index = 0; index < 10; index++) journal.append(anEvent({ pair: "Quiet" }));
    assert.deepEqual(ids(journal.query({ pair: "Noisy" })), [10, 11]);
  });

  it("finds events by pair, member, severity and worse, client, time, code and id", () => {
    const journal = createJournal();
    journal.append(anEvent({ pair: "A", time: "2026-01-01T00:00:01.000Z" }));
    journal.append(anEvent({ pair: "B", severity: "error", code: "connectFailed", member: "secondary" }));
    journal.append(
      anEvent({ pair: "B", severity: "warning", code: "suspended", member: null, client: "hmi" }),
    );
    assert.deepEqual(ids(journal.query({ pair: "B" })), [2, 3]);
    assert.deepEqual(ids(journal.query({ member: "secondary" })), [2]);
    assert.deepEqual(ids(journal.query({ severity: "warning" })), [2, 3]);
    assert.deepEqual(ids(journal.query({ severity: "error" })), [2]);
    assert.deepEqual(ids(journal.query({ client: "hmi" })), [3]);
    assert.deepEqual(ids(journal.query({ since: "2026-01-01T00:00:00.500Z" })), [1]);
    assert.deepEqual(ids(journal.query({ codes: ["suspended", "connected"] })), [1, 3]);
    assert.deepEqual(ids(journal.query({ afterId: 1 })), [2, 3]);
    assert.deepEqual(ids(journal.query({}, 1)), [3]);
  });

  it("numbers go on where the restored events of an earlier run end", () => {
    const earlier = createJournal();
    earlier.append(anEvent());
    earlier.append(anEvent());
    const journal = createJournal();
    journal.restore(earlier.query());
    assert.equal(journal.append(anEvent()).id, 3);
    assert.deepEqual(ids(journal.query()), [1, 2, 3]);
  });

  it("gives a follower the new events that match, in order, and none from before", async () => {
    const journal = createJournal();
    journal.append(anEvent({ pair: "B" }));
    const follower = journal.follow({ pair: "B" });
    journal.append(anEvent({ pair: "A" }));
    journal.append(anEvent({ pair: "B" }));
    const pending = [follower.next(), follower.next()];
    journal.append(anEvent({ pair: "B" }));
    const seen = (await Promise.all(pending)).map((result) =>
      result.done !== true && result.value.kind === "event" ? result.value.event.id : null,
    );
    assert.deepEqual(seen, [3, 4]);
    follower.close();
    assert.equal((await follower.next()).done, true);
  });

  it("tells a slow follower how many it missed and keeps no more than its capacity", async () => {
    const journal = createJournal();
    const follower = journal.follow({}, 3);
    for (let index = 0; index < 10; index++) journal.append(anEvent());
    const seen: unknown[] = [];
    for await (const item of follower) {
      seen.push(item.kind === "missed" ? { missed: item.count } : item.event.id);
      if (seen.length === 4) break;
    }
    assert.deepEqual(seen, [{ missed: 7 }, 8, 9, 10]);
  });

  it("ends a follower that waits when it is closed", async () => {
    const follower = createJournal().follow();
    const pending = follower.next();
    follower.close();
    assert.equal((await pending).done, true);
  });

  it("is cleared without reusing ids", () => {
    const journal = createJournal(limits(10, { Noisy: 2 }));
    journal.append(anEvent());
    journal.append(anEvent({ pair: "Noisy" }));
    journal.clear();
    assert.deepEqual(journal.query(), []);
    assert.equal(journal.append(anEvent()).id, 3);
  });
});

describe("the ring", () => {
  it("behaves like a list that forgets its head, for any sequence of operations", () => {
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.nat(1000).map((value) => ({ do: "push" as const, value })) },
      { weight: 3, arbitrary: fc.constant({ do: "shift" as const, value: 0 }) },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 1, max: 8 }).map((value) => ({ do: "resize" as const, value })),
      },
      { weight: 1, arbitrary: fc.constant({ do: "clear" as const, value: 0 }) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(operation, { maxLength: 60 }),
        (start, operations) => {
          const ring = createRing<number>(start);
          let model: number[] = [];
          let limit = start;
          for (const { do: what, value } of operations) {
            if (what === "push") {
              const dropped = model.length === limit ? model.shift() : undefined;
              model.push(value);
              assert.equal(ring.push(value), dropped);
            } else if (what === "shift") {
              assert.equal(ring.shift(), model.shift());
            } else if (what === "resize") {
              limit = value;
              model = model.slice(-limit);
              ring.resize(value);
            } else {
              model = [];
              ring.clear();
            }
            assert.deepEqual(ring.toArray(), model);
            assert.equal(ring.size, model.length);
          }
        },
      ),
    );
  });
});
