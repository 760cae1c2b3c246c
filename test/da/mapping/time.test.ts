import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dateOfTicks,
  dateTimeOfFiletime,
  endOfDateTime,
  filetimeOfDateTime,
  filetimeOfUnixMs,
  ticksOfDate,
  unixMsOfFiletime,
} from "../../../src/opc/da/mapping/time.ts";

const filetimes = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

describe("Times of OPC DA and OPC UA", () => {
  it("takes a FILETIME for the same DateTime, to the tick", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: endOfDateTime - 1n }), (filetime) => {
        assert.equal(dateTimeOfFiletime(filetime), filetime);
        assert.equal(filetimeOfDateTime(filetime), filetime);
      }),
    );
  });

  it("never gives a DateTime that is negative, nor one past for ever", () => {
    fc.assert(
      fc.property(filetimes, (filetime) => {
        const dateTime = dateTimeOfFiletime(filetime);
        assert.ok(dateTime >= 0n && dateTime <= 0x7fff_ffff_ffff_ffffn);
      }),
    );
    assert.equal(filetimeOfDateTime(-5n), 0n);
  });

  it("counts milliseconds from 1970", () => {
    assert.equal(filetimeOfUnixMs(0), 116_444_736_000_000_000n);
    assert.equal(unixMsOfFiletime(116_444_736_000_000_000n), 0);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
        assert.equal(unixMsOfFiletime(filetimeOfUnixMs(ms)), ms);
      }),
    );
  });

  it("knows that a VT_DATE before its first day counts days back but hours on", () => {
    const day = 864_000_000_000n;
    const zero = ticksOfDate(0) ?? 0n;
    assert.equal(ticksOfDate(-1.25), zero - day + day / 4n);
    assert.equal(ticksOfDate(1.25), zero + day + day / 4n);
    assert.equal(dateOfTicks(zero - day + day / 4n), -1.25);
  });

  it("brings dates back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -657_434, max: 2_958_465 }),
        fc.integer({ min: 0, max: 1023 }),
        (day, part) => {
          const fraction = part / 1024;
          const date = day < 0 ? day - fraction : day + fraction;
          const ticks = ticksOfDate(date);
          assert.ok(ticks !== null);
          assert.ok(Math.abs(dateOfTicks(ticks) - date) < 1e-8, `${date} came back as ${dateOfTicks(ticks)}`);
        },
      ),
    );
  });

  it("knows what is no date", () => {
    for (const date of [Number.NaN, Number.POSITIVE_INFINITY, 3e6, -7e5])
      assert.equal(ticksOfDate(date), null);
  });
});
