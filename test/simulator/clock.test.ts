import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dateTimeOf,
  epochMs,
  nextInstant,
  sampleSeries,
  tickAt,
  tickTimeMs,
} from "../../tools/simulator/clock.ts";

const interval = fc.integer({ min: 10, max: 5000 });
const moment = fc.integer({ min: 0, max: 10_000_000_000 }).map((offset) => epochMs + offset);

describe("The simulators' clock", () => {
  it("gives every tick the time at which it begins", () => {
    fc.assert(
      fc.property(moment, interval, (now, period) => {
        const tick = tickAt(now, period);
        assert.ok(tickTimeMs(tick, period) <= now);
        assert.ok(tickTimeMs(tick + 1, period) > now);
      }),
    );
  });

  it("numbers samples without gaps, each later than the one before", () => {
    fc.assert(
      fc.property(
        moment,
        interval,
        interval,
        fc.integer({ min: 1, max: 20 }),
        (now, sampling, period, steps) => {
          const series = sampleSeries(sampling, period);
          const first = series.latest(now);
          const later = now + steps * Math.max(sampling, period) + sampling;
          assert.ok(series.latest(later) >= first + steps);
          assert.ok(series.tickOf(first + 1) > series.tickOf(first));
          assert.ok(tickTimeMs(series.tickOf(first), period) <= now, "no value from the future");
        },
      ),
    );
  });

  it("sees every tick where items are sampled as fast as they change", () => {
    fc.assert(
      fc.property(moment, interval, fc.integer({ min: 1, max: 10 }), (now, sampling, factor) => {
        const series = sampleSeries(sampling, sampling * factor);
        const sample = series.latest(now);
        assert.equal(series.tickOf(sample + 1), series.tickOf(sample) + 1);
        assert.equal(series.sampleFrom(series.tickOf(sample)), sample);
      }),
    );
  });

  it("finds the first sample that carries a tick or a later one", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), interval, interval, (tick, sampling, period) => {
        const series = sampleSeries(sampling, period);
        const sample = series.sampleFrom(tick);
        assert.ok(series.tickOf(sample) >= tick);
        assert.ok(series.tickOf(sample - 1) < tick);
      }),
    );
  });

  it("publishes at the same instants in every process", () => {
    fc.assert(
      fc.property(moment, interval, fc.nat(50), (now, period, phase) => {
        const next = nextInstant(now, period, phase);
        assert.ok(next > now && next <= now + period);
        assert.ok(Number.isInteger((next - epochMs - phase) / period));
      }),
    );
  });

  it("counts DateTimes in 100 ns from 1601", () => {
    assert.equal(dateTimeOf(0), 116_444_736_000_000_000n);
    assert.equal(dateTimeOf(1), 116_444_736_000_010_000n);
  });
});
