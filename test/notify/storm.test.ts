import assert from "node:assert/strict";
import { happened, nextDueMs, passed, type StormState, stormWindowMs } from "../../src/notify/storm.ts";

describe("a storm of mail", () => {
  it("is held to one message per kind and minute, which says how often it happened", () => {
    let state: StormState<number> = new Map();
    const sent: [number, number][] = [];
    const step = (next: ReturnType<typeof happened<number>>): void => {
      state = next.state;
      for (const { event, count } of next.send) sent.push([event, count]);
    };
    for (let event = 1; event <= 100; event++) step(happened(state, "a", event, event));
    assert.deepEqual(sent, [[1, 1]]);
    assert.equal(nextDueMs(state), 1 + stormWindowMs);
    step(passed(state, stormWindowMs));
    assert.deepEqual(sent, [[1, 1]]);
    step(passed(state, 1 + stormWindowMs));
    assert.deepEqual(sent, [
      [1, 1],
      [100, 99],
    ]);
    // quiet for a whole window: forgotten
    step(passed(state, 1 + 2 * stormWindowMs));
    assert.equal(state.size, 0);
    step(happened(state, "a", 101, 1 + 2 * stormWindowMs));
    assert.deepEqual(sent.at(-1), [101, 1]);
  });

  it("of one kind holds back no other", () => {
    const first = happened<number>(new Map(), "a", 1, 0);
    assert.equal(happened(first.state, "b", 2, 1).send.length, 1);
  });
});
