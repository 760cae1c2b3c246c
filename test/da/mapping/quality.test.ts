import assert from "node:assert/strict";
import { StatusCodes } from "node-opcua";
import {
  isQualityStatus,
  quality,
  qualityOfStatus,
  sampleQuality,
  statusOfQuality,
} from "../../../src/opc/da/mapping/quality.ts";

const main = { good: 0xc0, uncertain: 0x40 };
const defined = new Set<number>(Object.values(quality));

function every(check: (daQuality: number) => void): void {
  for (let daQuality = 0; daQuality <= 0xffff; daQuality++) check(daQuality);
}

describe("OPC DA quality and StatusCode", () => {
  it("keeps good good, uncertain uncertain and bad bad for every quality", () => {
    every((daQuality) => {
      const severity = statusOfQuality(daQuality) >>> 30;
      const expected = (daQuality & 0xc0) === main.good ? 0 : (daQuality & 0xc0) === main.uncertain ? 1 : 2;
      assert.equal(severity, expected, daQuality.toString(16));
    });
  });

  it("keeps the limit bits of every quality, and says that they mean something", () => {
    every((daQuality) => {
      const status = statusOfQuality(daQuality);
      assert.equal((status >>> 8) & 3, daQuality & 3);
      assert.equal((status & 0x0c00) !== 0, (daQuality & 3) !== 0);
    });
  });

  it("drops the vendor's byte", () => {
    every((daQuality) => assert.equal(statusOfQuality(daQuality), statusOfQuality(daQuality & 0xff)));
  });

  it("brings every defined quality back but LAST_KNOWN, which has no StatusCode of its own", () => {
    every((daQuality) => {
      const low = daQuality & 0xff;
      const back = qualityOfStatus(statusOfQuality(daQuality));
      if (!defined.has(low & 0xfc)) assert.equal(back & 0xc0, low >= 0x80 && low < 0xc0 ? 0 : low & 0xc0);
      else if ((low & 0xfc) === quality.lastKnown) assert.equal(back, quality.outOfService | (low & 3));
      else assert.equal(back, low);
    });
  });

  it("is at rest after one round trip", () => {
    every((daQuality) => {
      const status = statusOfQuality(daQuality);
      assert.equal(statusOfQuality(qualityOfStatus(status)), status);
    });
  });

  it("gives the severity back for every StatusCode that node-opcua knows", () => {
    for (const status of Object.values(StatusCodes)) {
      const { value } = status as { readonly value?: unknown };
      if (typeof value !== "number") continue;
      const got = qualityOfStatus(value) & 0xc0;
      const severity = value >>> 30;
      assert.equal(got, severity === 0 ? main.good : severity === 1 ? main.uncertain : 0, String(status));
    }
  });

  it("does not take a limit from a StatusCode whose info bits mean something else", () => {
    assert.equal(qualityOfStatus(StatusCodes.Good.value | 0x0300), quality.good);
    assert.equal(qualityOfStatus(StatusCodes.Good.value | 0x0700), quality.good | 3);
  });

  it("tells a quality from a refusal", () => {
    assert.ok(isQualityStatus(StatusCodes.BadNoCommunication.value));
    assert.ok(isQualityStatus(StatusCodes.GoodClamped.value));
    assert.ok(!isQualityStatus(StatusCodes.BadNodeIdUnknown.value));
    assert.ok(!isQualityStatus(StatusCodes.BadUserAccessDenied.value));
  });

  it("knows a value that is still to come", () => {
    assert.equal(sampleQuality(0x20), "waiting");
    assert.equal(sampleQuality(0xc3), "good");
    assert.equal(sampleQuality(0x44), "uncertain");
    assert.equal(sampleQuality(0x18), "bad");
    assert.equal(sampleQuality(0x80), "bad");
  });
});
