import assert from "node:assert/strict";
import { coerceNodeId, DataType, Variant as UaVariant, VariantArrayType } from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import {
  dateTimeOfFiletime,
  endOfDateTime,
  filetimeOfDateTime,
  jsDateOfTicks,
  ticksOfJsDate,
} from "../../../src/opc/da/mapping/time.ts";
import { dataTypeIdOf, daVariantOf, uaVariantOf, varTypeOf } from "../../../src/opc/da/mapping/value.ts";
import { arrayBit, varType } from "../../../src/opc/da/wire/var-type.ts";
import { type ScalarVariant, scalar, vector } from "../../../src/opc/da/wire/variant.ts";

const decimal = { scale: 3, isNegative: true, unscaled: 12_345n };
/** A value of each VARTYPE, the OPC UA type it becomes, and the VARTYPE that comes back. */
const ofDa: readonly (readonly [keyof typeof varType, ScalarVariant["value"], DataType, number])[] = [
  ["i1", -1, DataType.SByte, varType.i1],
  ["ui1", 1, DataType.Byte, varType.ui1],
  ["i2", -2, DataType.Int16, varType.i2],
  ["ui2", 2, DataType.UInt16, varType.ui2],
  ["i4", -4, DataType.Int32, varType.i4],
  ["int", -4, DataType.Int32, varType.i4],
  ["error", -4, DataType.Int32, varType.i4],
  ["ui4", 4, DataType.UInt32, varType.ui4],
  ["uint", 4, DataType.UInt32, varType.ui4],
  ["i8", -8n, DataType.Int64, varType.i8],
  ["ui8", 8n, DataType.UInt64, varType.ui8],
  ["r4", 0.5, DataType.Float, varType.r4],
  ["r8", 0.1, DataType.Double, varType.r8],
  ["bool", true, DataType.Boolean, varType.bool],
  ["bstr", "Ünï", DataType.String, varType.bstr],
  ["date", 45_000.5, DataType.DateTime, varType.date],
  ["cy", 10_000n, DataType.ExtensionObject, varType.decimal],
  ["decimal", decimal, DataType.ExtensionObject, varType.decimal],
];

function overTheWire(variant: UaVariant): UaVariant {
  const stream = new BinaryStream(variant.binaryStoreSize());
  variant.encode(stream);
  const decoded = new UaVariant();
  decoded.decode(new BinaryStream(stream.buffer.subarray(0, stream.length)));
  return decoded;
}

describe("Every type of OPC DA and OPC UA values", () => {
  for (const [name, value, dataType, backType] of ofDa) {
    const type = varType[name];

    it(`takes VT_${name.toUpperCase()} to ${DataType[dataType]} and back, alone and in arrays`, () => {
      const ua = overTheWire(uaVariantOf(scalar(type, value)));
      assert.equal(ua.dataType, dataType);
      assert.equal(daVariantOf(ua).type, backType);
      const array = overTheWire(uaVariantOf(vector(type, [value, value])));
      assert.equal(array.arrayType, VariantArrayType.Array);
      assert.equal(array.dataType, dataType);
      const back = daVariantOf(array);
      assert.notEqual(back.type & arrayBit, 0);
      assert.equal("elements" in back ? back.elements.length : 0, 2);
      assert.equal(daVariantOf(overTheWire(uaVariantOf(vector(type, [])))).type & arrayBit, arrayBit);
      assert.equal(dataTypeIdOf(type | arrayBit), dataTypeIdOf(type));
    });
  }

  it("names every VARTYPE that travels", () => {
    const tested = new Set<string>(ofDa.map(([name]) => name));
    const others = Object.keys(varType).filter((name) => !tested.has(name));
    assert.deepEqual(others.sort(), ["empty", "null", "variant"]);
  });

  it("has a VARTYPE for every type of OPC UA, and a value of that type for each", () => {
    const values: Readonly<Record<number, unknown>> = {
      [DataType.Boolean]: true,
      [DataType.Int64]: [0, 5],
      [DataType.UInt64]: [0, 5],
      [DataType.String]: "a",
      [DataType.DateTime]: new Date(0),
      [DataType.Guid]: "72962B91-FA75-4AE6-8D28-B404DC7DAF63",
      [DataType.ByteString]: Buffer.from([1]),
      [DataType.XmlElement]: "<a/>",
      [DataType.NodeId]: coerceNodeId("ns=1;s=a"),
      [DataType.QualifiedName]: { namespaceIndex: 1, name: "a" },
      [DataType.LocalizedText]: { text: "a" },
    };
    for (let dataType = DataType.Boolean; dataType <= DataType.LocalizedText; dataType++) {
      if (dataType === DataType.ExpandedNodeId || dataType === DataType.StatusCode) continue;
      const variant = daVariantOf(
        overTheWire(
          new UaVariant({ dataType, arrayType: VariantArrayType.Scalar, value: values[dataType] ?? 5 }),
        ),
      );
      assert.equal(variant.type, varTypeOf(dataType, false), DataType[dataType]);
    }
  });

  it("brings every value of 8 and 16 bits back", () => {
    const all: readonly (readonly [number, number, number])[] = [
      [varType.i1, -0x80, 0x7f],
      [varType.ui1, 0, 0xff],
      [varType.i2, -0x8000, 0x7fff],
      [varType.ui2, 0, 0xffff],
    ];
    for (const [type, first, last] of all) {
      const elements = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      assert.deepEqual(daVariantOf(overTheWire(uaVariantOf(vector(type, elements)))), {
        ...vector(type, elements),
      });
    }
  });

  it("brings numbers that are none, and the least and the greatest, back", () => {
    for (const value of [Number.NaN, Infinity, -Infinity, -0, Number.MIN_VALUE, Number.MAX_VALUE]) {
      const back = daVariantOf(overTheWire(uaVariantOf(scalar(varType.r8, value))));
      assert.ok("value" in back && Object.is(back.value, value), String(value));
    }
    for (const [type, value] of [
      [varType.i8, -(1n << 63n)],
      [varType.i8, (1n << 63n) - 1n],
      [varType.ui8, (1n << 64n) - 1n],
      [varType.i4, -0x8000_0000],
      [varType.ui4, 0xffff_ffff],
    ] as const) {
      assert.deepEqual(daVariantOf(overTheWire(uaVariantOf(scalar(type, value)))), { type, value });
    }
  });

  it("keeps FILETIMEs at the ends of their range within that of DateTime", () => {
    const largest = 0x7fff_ffff_ffff_ffffn;
    for (const [filetime, dateTime] of [
      [0n, 0n],
      [1n, 1n],
      [endOfDateTime - 1n, endOfDateTime - 1n],
      [endOfDateTime, largest],
      [largest, largest],
      [largest + 1n, largest],
      [(1n << 64n) - 1n, largest],
    ] as const) {
      assert.equal(dateTimeOfFiletime(filetime), dateTime);
    }
    for (const dateTime of [-1n, -largest]) assert.equal(filetimeOfDateTime(dateTime), 0n);
    for (const text of ["1601-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:58.999Z"]) {
      assert.equal(jsDateOfTicks(ticksOfJsDate(new Date(text))).toISOString(), text);
    }
  });
});
