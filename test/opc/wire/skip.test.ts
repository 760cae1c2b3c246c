import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DataType,
  type ExtensionObject,
  encodeExpandedNodeId,
  encodeNodeId,
  encodeVariant,
  Variant,
} from "node-opcua";
import {
  skipArray,
  skipDataValue,
  skipDiagnosticInfo,
  skipExtensionObject,
  skipLocalizedText,
  skipNodeId,
  skipQualifiedName,
  skipString,
  skipVariant,
} from "../../../src/opc/ua/wire/skip.ts";
import {
  bytesOf,
  dataValue,
  diagnosticInfo,
  encoded,
  expandedNodeId,
  extensionObject,
  localizedText,
  nodeId,
  qualifiedName,
  variant,
} from "./arbitraries.ts";

type Skip = (bytes: Buffer, offset: number) => number;

const stringBytes = fc.option(fc.string({ unit: "grapheme" }), { nil: null }).map((text) => {
  return bytesOf((stream) => stream.writeString(text));
});

const kinds: readonly (readonly [string, Skip, fc.Arbitrary<Buffer>])[] = [
  ["String", skipString, stringBytes],
  ["NodeId", skipNodeId, nodeId.map((value) => bytesOf((stream) => encodeNodeId(value, stream)))],
  [
    "ExpandedNodeId",
    skipNodeId,
    expandedNodeId.map((value) => bytesOf((stream) => encodeExpandedNodeId(value, stream))),
  ],
  ["QualifiedName", skipQualifiedName, qualifiedName.map(encoded)],
  ["LocalizedText", skipLocalizedText, localizedText.map(encoded)],
  ["ExtensionObject", skipExtensionObject, extensionObject.map(extensionObjectBytes)],
  ["DiagnosticInfo", skipDiagnosticInfo, diagnosticInfo.map(encoded)],
  ["Variant", skipVariant, variant.map((value) => bytesOf((stream) => encodeVariant(value, stream)))],
  ["DataValue", skipDataValue, dataValue.map(encoded)],
];

describe("finding the end of a value without decoding it", () => {
  for (const [name, skip, arbitrary] of kinds) {
    it(`agrees with node-opcua's encoder on every ${name}`, () => {
      fc.assert(
        fc.property(arbitrary, fc.nat(7), fc.nat(7), (bytes, before, behind) => {
          const message = Buffer.concat([Buffer.alloc(before, 0xff), bytes, Buffer.alloc(behind, 0xff)]);
          assert.equal(skip(message, before), before + bytes.length);
        }),
        { numRuns: 300 },
      );
    });

    it(`refuses every ${name} that is cut short with a RangeError`, () => {
      fc.assert(
        fc.property(arbitrary, fc.double({ min: 0, max: 0.999, noNaN: true }), (bytes, part) => {
          const cut = bytes.subarray(0, Math.floor(bytes.length * part));
          assert.throws(() => skip(cut, 0), RangeError);
        }),
        { numRuns: 300 },
      );
    });

    it(`takes random bytes for a ${name} within the buffer, or refuses them with a RangeError`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
          staysWithin(skip, Buffer.from(random));
        }),
        { numRuns: 500 },
      );
    });

    it(`is not led astray by a ${name} of which a byte is changed`, () => {
      fc.assert(
        fc.property(arbitrary, fc.nat(), fc.nat(255), (bytes, at, byte) => {
          if (bytes.length === 0) return;
          const changed = Buffer.from(bytes);
          changed[at % changed.length] = byte;
          staysWithin(skip, changed);
        }),
        { numRuns: 500 },
      );
    });
  }

  it("skips arrays, null ones too", () => {
    fc.assert(
      fc.property(fc.array(dataValue.map(encoded), { maxLength: 5 }), (values) => {
        const count = Buffer.alloc(4);
        count.writeInt32LE(values.length, 0);
        const bytes = Buffer.concat([count, ...values]);
        assert.equal(skipArray(bytes, 0, skipDataValue), bytes.length);
      }),
    );
    assert.equal(skipArray(Buffer.from([0xff, 0xff, 0xff, 0xff]), 0, skipDataValue), 4);
  });

  it("refuses what is nested without end", () => {
    const nested = Buffer.concat([Buffer.alloc(5000, 0x40), Buffer.from([0])]);
    assert.throws(() => skipDiagnosticInfo(nested, 0), RangeError);
    // a Variant in a Variant in a Variant ...
    assert.throws(() => skipVariant(Buffer.alloc(5000, 24), 0), RangeError);
    // a DataValue with a Variant with a DataValue ...
    const alternating = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index % 2 === 0 ? 1 : 23)));
    assert.throws(() => skipDataValue(alternating, 0), RangeError);
  });

  it("refuses counts that no message could hold, at once", () => {
    const startedMs = performance.now();
    for (let type = 1; type <= 25; type++) {
      const bytes = Buffer.alloc(5 + 64);
      bytes.writeUInt8(type | 0x80, 0);
      bytes.writeInt32LE(0x7fff_ffff, 1);
      assert.throws(() => skipVariant(bytes, 0), RangeError, `type ${type}`);
    }
    assert.ok(performance.now() - startedMs < 1000);
  });
});

/** A Variant is its type, then the value. */
function extensionObjectBytes(value: ExtensionObject | null): Buffer {
  const scalar = new Variant({ dataType: DataType.ExtensionObject, value });
  return bytesOf((stream) => encodeVariant(scalar, stream)).subarray(1);
}

function staysWithin(skip: Skip, bytes: Buffer): void {
  let end: number;
  try {
    end = skip(bytes, 0);
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    return;
  }
  assert.ok(end >= 0 && end <= bytes.length, `${end} of ${bytes.length}`);
}
