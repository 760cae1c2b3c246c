import assert from "node:assert/strict";
import { oneAtATime } from "../../src/host/one-at-a-time.ts";

describe("operations one at a time", () => {
  it("begin when the one before has ended, also when it failed", async () => {
    const inTurn = oneAtATime();
    const seen: string[] = [];
    let endFirst: () => void = () => undefined;
    const first = inTurn(async () => {
      seen.push("first begins");
      await new Promise<void>((resolve) => {
        endFirst = resolve;
      });
      seen.push("first fails");
      throw new Error("no");
    });
    const second = inTurn(async () => {
      seen.push("second begins");
      return 2;
    });
    setImmediate(() => endFirst());
    await assert.rejects(first, /no/);
    assert.equal(await second, 2);
    assert.deepEqual(seen, ["first begins", "first fails", "second begins"]);
  });
});
