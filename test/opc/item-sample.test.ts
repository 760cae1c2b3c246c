import "./fixtures/quiet.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { DataType, DataValue, StatusCodes, Variant, VariantArrayType } from "node-opcua";
import { canonicalText, qualityOf, toItemSample } from "../../src/opc/ua/item-sample.ts";

const text = (dataType: DataType, value: unknown): string | null =>
  canonicalText(new Variant({ dataType, value, arrayType: VariantArrayType.Scalar }));

describe("the sample of a monitor item", () => {
  it("has scalars as canonical text", () => {
    assert.equal(text(DataType.Boolean, true), "true");
    assert.equal(text(DataType.Double, 12.5), "12.5");
    assert.equal(text(DataType.Float, Math.fround(0.1)), "0.1");
    assert.equal(text(DataType.Int64, [0xffffffff, 0xffffffff]), "-1");
    assert.equal(text(DataType.UInt64, [0xffffffff, 0xffffffff]), "18446744073709551615");
    assert.equal(text(DataType.DateTime, new Date(0)), "1970-01-01T00:00:00.000Z");
    assert.equal(text(DataType.ByteString, Buffer.from([1, 0xab])), "01ab");
    assert.equal(text(DataType.String, "abc"), "abc");
    assert.equal(text(DataType.String, null), null);
  });

  it("writes any single-precision number so that it reads as itself", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const written = text(DataType.Float, value);
        assert.equal(Math.fround(Number(written)), value === 0 ? 0 : value);
      }),
    );
  });

  it("tells good, uncertain, bad and still waiting apart", () => {
    assert.equal(qualityOf(StatusCodes.Good), "good");
    assert.equal(qualityOf(StatusCodes.GoodClamped), "good");
    assert.equal(qualityOf(StatusCodes.UncertainLastUsableValue), "uncertain");
    assert.equal(qualityOf(StatusCodes.BadDeviceFailure), "bad");
    assert.equal(qualityOf(StatusCodes.BadWaitingForInitialData), "waiting");
    assert.equal(qualityOf(StatusCodes.UncertainInitialValue), "waiting");
  });

  it("marks arrays and has no value for them", () => {
    const value = new Variant({
      dataType: DataType.Double,
      arrayType: VariantArrayType.Array,
      value: [1, 2],
    });
    const sample = toItemSample(new DataValue({ value, statusCode: StatusCodes.Good }));
    assert.deepEqual(sample, { quality: "good", value: null, isArray: true });
  });
});
