import assert from "node:assert/strict";
import fc from "fast-check";
import { DataType, Variant as UaVariant, VariantArrayType } from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { canonicalText, itemSampleOf } from "../../../src/opc/da/mapping/item-sample.ts";
import { dataTypeIdOf, daVariantOf, uaVariantOf, varTypeOf } from "../../../src/opc/da/mapping/value.ts";
import { arrayBit, varType } from "../../../src/opc/da/wire/var-type.ts";
import { scalar, type Variant, vector } from "../../../src/opc/da/wire/variant.ts";

/** As a client would get it. */
function overTheWire(variant: UaVariant): UaVariant {
  const stream = new BinaryStream(variant.binaryStoreSize());
  variant.encode(stream);
  const decoded = new UaVariant();
  decoded.decode(new BinaryStream(stream.buffer.subarray(0, stream.length)));
  return decoded;
}

const back = (variant: Variant): Variant => daVariantOf(overTheWire(uaVariantOf(variant)));

/** Those of which type and value come back as they were. */
const faithful = fc.oneof(
  fc.integer({ min: -128, max: 127 }).map((value) => scalar(varType.i1, value)),
  fc.integer({ min: 0, max: 255 }).map((value) => scalar(varType.ui1, value)),
  fc.integer({ min: -0x8000, max: 0x7fff }).map((value) => scalar(varType.i2, value)),
  fc.integer({ min: 0, max: 0xffff }).map((value) => scalar(varType.ui2, value)),
  fc.integer().map((value) => scalar(varType.i4, value)),
  fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => scalar(varType.ui4, value)),
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map((value) => scalar(varType.i8, value)),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => scalar(varType.ui8, value)),
  fc.float({ noNaN: true }).map((value) => scalar(varType.r4, value)),
  fc.double({ noNaN: true }).map((value) => scalar(varType.r8, value)),
  fc.boolean().map((value) => scalar(varType.bool, value)),
  fc.string().map((value) => scalar(varType.bstr, value)),
  fc
    .record({
      scale: fc.integer({ min: 0, max: 28 }),
      isNegative: fc.boolean(),
      unscaled: fc.bigInt({ min: 1n, max: (1n << 96n) - 1n }),
    })
    .map((value) => scalar(varType.decimal, { ...value })),
);

describe("OPC DA and OPC UA values", () => {
  it("brings scalars of every type that both know back as they were", () => {
    fc.assert(fc.property(faithful, (variant) => assert.deepEqual(back(variant), { ...variant })));
  });

  it("maps the types as OPC 10000-8, A.3.2.2, has them", () => {
    const table: readonly (readonly [number, DataType])[] = [
      [varType.i2, DataType.Int16],
      [varType.i4, DataType.Int32],
      [varType.r4, DataType.Float],
      [varType.r8, DataType.Double],
      [varType.bstr, DataType.String],
      [varType.bool, DataType.Boolean],
      [varType.ui1, DataType.Byte],
      [varType.i1, DataType.SByte],
      [varType.ui2, DataType.UInt16],
      [varType.ui4, DataType.UInt32],
      [varType.i8, DataType.Int64],
      [varType.ui8, DataType.UInt64],
    ];
    for (const [type, dataType] of table) {
      assert.equal(dataTypeIdOf(type), dataType);
      assert.equal(dataTypeIdOf(type | arrayBit), dataType);
      assert.equal(varTypeOf(dataType, false), type);
      assert.equal(varTypeOf(dataType, true), type | arrayBit);
    }
    assert.equal(dataTypeIdOf(varType.decimal), 50);
    assert.equal(dataTypeIdOf(varType.empty), DataType.Variant);
  });

  it("maps what only one of both knows to the nearest of the other", () => {
    assert.deepEqual(back(scalar(varType.int, -5)), { type: varType.i4, value: -5 });
    assert.deepEqual(back(scalar(varType.uint, 5)), { type: varType.ui4, value: 5 });
    assert.deepEqual(back(scalar(varType.error, -2)), { type: varType.i4, value: -2 });
    assert.deepEqual(back(scalar(varType.cy, -12_345n)), {
      type: varType.decimal,
      value: { scale: 4, isNegative: true, unscaled: 12_345n },
    });
    assert.deepEqual(back(scalar(varType.null, null)), { type: varType.empty, value: null });
    assert.deepEqual(back(scalar(varType.empty, null)), { type: varType.empty, value: null });
    assert.deepEqual(back(scalar(varType.bstr, null)), { type: varType.bstr, value: null });
  });

  it("keeps dates to the millisecond", () => {
    const variant = back(scalar(varType.date, 45_000.25));
    assert.deepEqual(variant, { type: varType.date, value: 45_000.25 });
    const ua = uaVariantOf(scalar(varType.date, 25_569));
    assert.equal((ua.value as Date).toISOString(), "1970-01-01T00:00:00.000Z");
  });

  it("brings arrays back, also empty ones and those of variants", () => {
    for (const array of [
      vector(varType.r8, [1, 2.5, -3]),
      vector(varType.i4, []),
      vector(varType.bstr, ["a", ""]),
      vector(varType.ui1, [0, 255]),
      vector(varType.bool, [true, false]),
      vector(varType.i8, [1n, -1n]),
      vector(varType.variant, [scalar(varType.i4, 1), scalar(varType.bstr, "x"), vector(varType.r8, [1])]),
    ]) {
      assert.deepEqual(back(array), { ...array });
    }
  });

  it("turns a SAFEARRAY's order of elements into that of a matrix, and back", () => {
    // 2 x 3; leftmost index fastest: a00 a10 a01 a11 a02 a12
    const array: Variant = {
      type: arrayBit | varType.i4,
      dimensions: [
        { count: 2, lowerBound: 0 },
        { count: 3, lowerBound: 0 },
      ],
      elements: [0, 10, 1, 11, 2, 12],
    };
    const ua = uaVariantOf(array);
    assert.equal(ua.arrayType, VariantArrayType.Matrix);
    assert.deepEqual([...(ua.value as Iterable<number>)], [0, 1, 2, 10, 11, 12]);
    assert.deepEqual(back(array), array);
  });

  it("keeps three dimensions in order", () => {
    const counts = [2, 3, 4];
    const dimensions = counts.map((count) => ({ count, lowerBound: 0 }));
    const elements = Array.from({ length: 24 }, (_, index) => index);
    const array: Variant = { type: arrayBit | varType.i4, dimensions, elements };
    const ua = uaVariantOf(array);
    // element [i][j][k] stands at i + 2j + 6k in the SAFEARRAY and at 12i + 4j + k in the matrix
    const value = [...(ua.value as Iterable<number>)];
    assert.equal(value[12 * 1 + 4 * 2 + 3], 1 + 2 * 2 + 6 * 3);
    assert.deepEqual(back(array), array);
  });

  it("gives text or bytes for UA types that OPC DA does not have", () => {
    const guid = "72962B91-FA75-4AE6-8D28-B404DC7DAF63";
    assert.deepEqual(daVariantOf(new UaVariant({ dataType: DataType.Guid, value: guid })), {
      type: varType.bstr,
      value: guid,
    });
    assert.deepEqual(
      daVariantOf(new UaVariant({ dataType: DataType.LocalizedText, value: { text: "hello" } })),
      { type: varType.bstr, value: "hello" },
    );
    assert.deepEqual(
      daVariantOf(
        new UaVariant({ dataType: DataType.QualifiedName, value: { namespaceIndex: 2, name: "a" } }),
      ),
      { type: varType.bstr, value: "2:a" },
    );
    const bytes = new UaVariant({ dataType: DataType.ByteString, value: Buffer.from([1, 2]) });
    assert.deepEqual(daVariantOf(bytes), { ...vector(varType.ui1, [1, 2]) });
  });

  it("gives the core the text of a value and its quality", () => {
    assert.deepEqual(itemSampleOf(0, 0xc0, scalar(varType.r4, Math.fround(0.1))), {
      quality: "good",
      value: "0.1",
      isArray: false,
    });
    assert.equal(itemSampleOf(-1, 0xc0, scalar(varType.i4, 1)).quality, "bad");
    assert.equal(itemSampleOf(0, 0xc0, vector(varType.i4, [1])).isArray, true);
    assert.equal(canonicalText(scalar(varType.cy, -15_000n)), "-1.5");
    assert.equal(
      canonicalText(scalar(varType.decimal, { scale: 3, isNegative: false, unscaled: 5n })),
      "0.005",
    );
    assert.equal(canonicalText(scalar(varType.bool, true)), "true");
    assert.equal(canonicalText(scalar(varType.date, 0)), "1899-12-30T00:00:00.000Z");
  });
});
