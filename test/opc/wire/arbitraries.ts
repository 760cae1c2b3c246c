import fc from "fast-check";
import {
  Argument,
  DataType,
  DataValue,
  DiagnosticInfo,
  ExpandedNodeId,
  type ExtensionObject,
  LocalizedText,
  NodeId,
  NodeIdType,
  QualifiedName,
  Range,
  StatusCodes,
  Variant,
  VariantArrayType,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";

interface Encodable {
  encode(stream: BinaryStream): void;
}

/** The bytes of what node-opcua encodes. */
export function bytesOf(encode: (stream: BinaryStream) => void): Buffer {
  const stream = BinaryStream.createGrowable(1024, 16 * 1024 * 1024);
  encode(stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}

export function encoded(value: Encodable): Buffer {
  return bytesOf((stream) => value.encode(stream));
}

const text = fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: null });
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const index = fc.integer({ min: 0, max: 300 });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const guid = fc.uuid();
const date = fc.date({
  min: new Date("1700-01-01"),
  max: new Date("2200-01-01"),
  noInvalidDate: true,
});
const status = fc.constantFrom(
  StatusCodes.Good,
  StatusCodes.BadNodeIdUnknown,
  StatusCodes.UncertainInitialValue,
);

export const nodeId = fc.oneof(
  fc.tuple(uint32, index).map(([id, namespace]) => new NodeId(NodeIdType.NUMERIC, id, namespace)),
  fc
    .tuple(fc.string({ maxLength: 20 }), index)
    .map(([id, namespace]) => new NodeId(NodeIdType.STRING, id, namespace)),
  fc.tuple(guid, index).map(([id, namespace]) => new NodeId(NodeIdType.GUID, id, namespace)),
  fc.tuple(bytes, index).map(([id, namespace]) => new NodeId(NodeIdType.BYTESTRING, id, namespace)),
);

export const expandedNodeId = fc
  .tuple(nodeId, fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: null }), index)
  .map(([{ identifierType, value, namespace }, uri, server]) => {
    return new ExpandedNodeId(identifierType, value, namespace, uri, server);
  });

export const qualifiedName = fc
  .tuple(text, index)
  .map(([name, namespaceIndex]) => new QualifiedName({ name, namespaceIndex }));

export const localizedText = fc.tuple(text, text).map(([locale, content]) => {
  return new LocalizedText({ locale, text: content });
});

export const extensionObject: fc.Arbitrary<ExtensionObject | null> = fc.oneof(
  fc.constant(null),
  fc.tuple(fc.double(), fc.double()).map(([low, high]) => new Range({ low, high })),
  fc.string({ maxLength: 20 }).map((name) => new Argument({ name, description: name })),
);

export const diagnosticInfo: fc.Arbitrary<DiagnosticInfo> = fc
  .record(
    {
      symbolicId: index,
      namespaceURI: index,
      localizedText: index,
      locale: index,
      additionalInfo: fc.string({ minLength: 1, maxLength: 20 }),
      innerStatusCode: status,
    },
    { requiredKeys: [] },
  )
  .map((options) => new DiagnosticInfo(options as ConstructorParameters<typeof DiagnosticInfo>[0]));

const scalars: readonly (readonly [DataType, fc.Arbitrary<unknown>])[] = [
  [DataType.Boolean, fc.boolean()],
  [DataType.SByte, fc.integer({ min: -128, max: 127 })],
  [DataType.Byte, fc.integer({ min: 0, max: 255 })],
  [DataType.Int16, fc.integer({ min: -32768, max: 32767 })],
  [DataType.UInt16, fc.integer({ min: 0, max: 65535 })],
  [DataType.Int32, fc.integer()],
  [DataType.UInt32, uint32],
  [DataType.Int64, fc.tuple(uint32, uint32)],
  [DataType.UInt64, fc.tuple(uint32, uint32)],
  [DataType.Float, fc.float({ noNaN: true })],
  [DataType.Double, fc.double()],
  [DataType.String, text],
  [DataType.DateTime, date],
  [DataType.Guid, guid],
  [DataType.ByteString, fc.option(bytes, { nil: null })],
  [DataType.XmlElement, text],
  [DataType.NodeId, nodeId],
  [DataType.ExpandedNodeId, expandedNodeId],
  [DataType.StatusCode, status],
  [DataType.QualifiedName, qualifiedName],
  [DataType.LocalizedText, localizedText],
  [DataType.ExtensionObject, extensionObject],
  [DataType.DiagnosticInfo, diagnosticInfo],
];

/** Scalars, arrays and matrices of one built-in type. */
function variantOf(dataType: DataType, element: fc.Arbitrary<unknown>): fc.Arbitrary<Variant> {
  return fc.oneof(
    element.map((value) => new Variant({ dataType, arrayType: VariantArrayType.Scalar, value })),
    fc
      .array(element, { maxLength: 6 })
      .map((value) => new Variant({ dataType, arrayType: VariantArrayType.Array, value })),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })).chain(([rows, columns]) =>
      fc.array(element, { minLength: rows * columns, maxLength: rows * columns }).map((value) => {
        const dimensions = [rows, columns];
        return new Variant({ dataType, arrayType: VariantArrayType.Matrix, dimensions, value });
      }),
    ),
  );
}

const flatVariant: fc.Arbitrary<Variant> = fc.oneof(
  fc.constant(new Variant({ dataType: DataType.Null })),
  ...scalars.map(([dataType, element]) => variantOf(dataType, element)),
);

function dataValueOf(value: fc.Arbitrary<Variant>): fc.Arbitrary<DataValue> {
  return fc
    .record(
      {
        value,
        statusCode: status,
        sourceTimestamp: date,
        sourcePicoseconds: fc.integer({ min: 0, max: 9999 }),
        serverTimestamp: date,
        serverPicoseconds: fc.integer({ min: 0, max: 9999 }),
      },
      { requiredKeys: [] },
    )
    .map((options) => new DataValue(options));
}

const nestedVariant: fc.Arbitrary<Variant> = fc.oneof(
  fc.array(flatVariant, { maxLength: 4 }).map((value) => {
    return new Variant({ dataType: DataType.Variant, arrayType: VariantArrayType.Array, value });
  }),
  variantOf(DataType.DataValue, dataValueOf(flatVariant)),
);

/** All built-in types, also nested in one another. */
export const variant: fc.Arbitrary<Variant> = fc.oneof({ weight: 4, arbitrary: flatVariant }, nestedVariant);

export const dataValue: fc.Arbitrary<DataValue> = dataValueOf(variant);
