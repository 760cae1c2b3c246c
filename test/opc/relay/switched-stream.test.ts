import assert from "node:assert/strict";
import type { SampleFilter } from "../../../src/opc/relay/handover.ts";
import { longestHoldMs, SwitchedStream } from "../../../src/opc/relay/switched-stream.ts";

/** Samples are numbers that grow; the client has seen all up to the greatest it was given. */
class Newer implements SampleFilter<number> {
  #seen = Number.NEGATIVE_INFINITY;
  suppressed = 0;

  rememberAll(sample: number): void {
    this.#seen = Math.max(this.#seen, sample);
  }

  pass(sample: number): number | null {
    if (sample > this.#seen) return sample;
    this.suppressed += 1;
    return null;
  }
}

const considerForMs = 500;

function streamTo(given: number[]): SwitchedStream<number> {
  return new SwitchedStream<number>({
    active: "primary",
    considerForMs,
    bytesOf: () => 8,
    createFilter: () => new Newer(),
    deliver: (sample) => given.push(sample) && 1,
  });
}

/** Both members deliver the number of each period at its time, up to a period. */
function deliverFrom(
  stream: SwitchedStream<number>,
  role: "primary" | "secondary",
  first: number,
  last: number,
): void {
  for (let period = first; period <= last; period++) stream.receive(role, period, period * 100);
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

describe("a stream that is switched", () => {
  for (const silentMs of [400, 5_000, 60_000]) {
    it(`loses and repeats nothing of the standby's where a silent member is noticed after ${silentMs} ms`, () => {
      const given: number[] = [];
      const stream = streamTo(given);
      for (const period of range(1, 20)) {
        stream.receive("primary", period, period * 100);
        stream.receive("secondary", period, period * 100 + 5);
      }
      const last = 20 + silentMs / 100;
      deliverFrom(stream, "secondary", 21, last);
      const { replayed } = stream.switchTo("secondary", last * 100 + 1);
      assert.equal(replayed, silentMs / 100);
      deliverFrom(stream, "secondary", last + 1, last + 5);
      assert.deepEqual(given, range(1, last + 5));
    });
  }

  it("keeps what a standby delivers to a client that is given nothing for a limited time", () => {
    const given: number[] = [];
    const stream = streamTo(given);
    stream.receive("primary", 1, 100);
    deliverFrom(stream, "secondary", 2, 10_000);
    const { replayed } = stream.switchTo("secondary", 1_000_000);
    assert.equal(replayed, longestHoldMs / 100 + 1);
  });
});
