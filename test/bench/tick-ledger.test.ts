import assert from "node:assert/strict";
import fc from "fast-check";
import { TickLedger } from "../../tools/bench/client/tick-ledger.ts";

describe("The ledger of a bench", () => {
  it("proves that nothing was lost or duplicated", () => {
    const ledger = new TickLedger(2, 100, 102);
    for (const tick of [99, 100, 101, 102, 103]) {
      ledger.record(0, tick, true);
      ledger.record(1, tick, true);
    }
    assert.equal(ledger.isComplete, true);
    assert.deepEqual(ledger.result(), { offered: 6, delivered: 6, lost: 0, duplicated: 0, wrong: 0 });
  });

  it("counts each lost, repeated and wrong value, in whatever order they come", () => {
    const arrivals = fc.array(
      fc.record({
        item: fc.nat(3),
        tick: fc.integer({ min: 8, max: 22 }),
        isRight: fc.boolean(),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(arrivals, (values) => {
        const ledger = new TickLedger(3, 10, 19);
        for (const { item, tick, isRight } of values) ledger.record(item, tick, isRight);
        const counted = values.filter(({ item, tick }) => item < 3 && tick >= 10 && tick <= 19);
        const right = counted.filter(({ isRight }) => isRight);
        const distinct = new Set(right.map(({ item, tick }) => `${item} ${tick}`)).size;
        assert.deepEqual(ledger.result(), {
          offered: 30,
          delivered: distinct,
          lost: 30 - distinct,
          duplicated: right.length - distinct,
          wrong: counted.length - right.length,
        });
      }),
    );
  });
});
