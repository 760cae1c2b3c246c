import assert from "node:assert/strict";
import fc from "fast-check";
import { epochMs, sampleSeries, tickTimeMs } from "../../tools/simulator/clock.ts";
import { WaveSource } from "../../tools/simulator/model/sources.ts";
import { Cohort } from "../../tools/simulator/subscription/cohort.ts";
import type { ItemSettings } from "../../tools/simulator/subscription/item-settings.ts";
import { SampleQueue } from "../../tools/simulator/subscription/sample-queue.ts";
import { Writer } from "../../tools/simulator/wire/writer.ts";

const periodMs = 100;

const anySettings = fc.record({
  clientHandle: fc.nat(1000),
  samplingIntervalMs: fc.constantFrom(10, 50, 100, 250, 1000),
  queueSize: fc.integer({ min: 1, max: 12 }),
  discardOldest: fc.boolean(),
  timestamps: fc.constantFrom(0, 1, 2, 3),
  trigger: fc.constant(1),
  deadband: fc.constant(0),
});

/** What a cohort would send for one item. */
function fromCohort(settings: ItemSettings, source: WaveSource, fromSample: number, nowMs: number): string {
  const cohort = new Cohort<{ settings: ItemSettings; wave: WaveSource }>(
    settings,
    true,
    periodMs,
    fromSample,
  );
  cohort.add({ settings, wave: source });
  const { samples, overflowAt } = cohort.pending(nowMs);
  const parts = samples.map((sample, position) => {
    const overflow = position === overflowAt;
    const bytes = Buffer.alloc(cohort.entrySize(overflow));
    cohort.render(bytes, 0, { sample, overflow, first: 0, count: 1 }, nowMs);
    return bytes;
  });
  return Buffer.concat(parts).toString("hex");
}

/** What a queue that was fed sample by sample would send. */
function fromQueue(settings: ItemSettings, source: WaveSource, fromSample: number, nowMs: number): string {
  const queue = new SampleQueue();
  const series = sampleSeries(settings.samplingIntervalMs, periodMs);
  for (let sample = fromSample; sample <= series.latest(nowMs); sample++) {
    queue.push(source.sample(tickTimeMs(series.tickOf(sample), periodMs)), nowMs, settings);
  }
  const writer = new Writer();
  queue.drain(writer, settings);
  return writer.bytes.toString("hex");
}

describe("A cohort of monitored items", () => {
  it("sends byte for byte what queues fed sample by sample would send", () => {
    fc.assert(
      fc.property(
        anySettings,
        fc.constantFrom("ramp" as const, "sine" as const),
        fc.nat(500),
        fc.integer({ min: 0, max: 30 }),
        (settings, wave, index, behind) => {
          const nowMs = epochMs + 123_456_789;
          const source = new WaveSource(wave, index, periodMs);
          const latest = sampleSeries(settings.samplingIntervalMs, periodMs).latest(nowMs);
          const from = latest - behind + 1;
          assert.equal(fromCohort(settings, source, from, nowMs), fromQueue(settings, source, from, nowMs));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("marks the place where a full queue has lost values", () => {
    const settings: ItemSettings = {
      clientHandle: 1,
      samplingIntervalMs: 100,
      queueSize: 3,
      discardOldest: true,
      timestamps: 0,
      trigger: 1,
      deadband: 0,
    };
    const nowMs = epochMs + 1_000_000;
    const latest = sampleSeries(100, periodMs).latest(nowMs);
    const cohort = new Cohort<{ settings: ItemSettings; wave: WaveSource }>(
      settings,
      true,
      periodMs,
      latest - 9,
    );
    assert.deepEqual(cohort.pending(nowMs), { samples: [latest - 2, latest - 1, latest], overflowAt: 0 });
  });
});
