import {
  AttributeIds,
  BinaryStream,
  coerceLocalizedText,
  coerceQualifiedName,
  DataType,
  decodeVariant,
  NumericRange,
  type QualifiedNameOptions,
  resolveNodeId,
  StatusCodes,
  type Variant,
  VariantArrayType,
} from "node-opcua";
import type { Faults } from "../faults.ts";
import type { Node, Sample } from "../model/node.ts";
import { encodedVariant, scalar } from "../model/sources.ts";

const noVariant = Buffer.alloc(0);

function failed(status: { readonly value: number }): Sample {
  return { variant: noVariant, status: status.value, sourceTimeMs: 0 };
}

export const unknownNode = failed(StatusCodes.BadNodeIdUnknown);

/** The Value as it is now: that of the source, or the last one with a Bad status while a fault is on. */
export function currentValue(
  node: Node & { readonly kind: "variable" },
  faults: Faults,
  nowMs: number,
): Sample {
  const bad = node.faultable ? faults.badness(node.id) : null;
  if (!bad) return node.source.sample(nowMs);
  const last = node.source.sample(Math.min(bad.sinceMs, nowMs));
  return { variant: last.variant, status: bad.status, sourceTimeMs: bad.sinceMs };
}

/** An attribute as it goes over the wire (Part 4, 5.11.2). */
export function readAttribute(
  node: Node,
  attributeId: number,
  indexRange: string | null,
  faults: Faults,
  nowMs: number,
): Sample {
  if (attributeId === AttributeIds.Value) {
    if (node.kind !== "variable") return failed(StatusCodes.BadAttributeIdInvalid);
    const value = currentValue(node, faults, nowMs);
    return indexRange ? partOf(value, indexRange) : value;
  }
  if (indexRange) return failed(StatusCodes.BadIndexRangeNoData);
  const variant = constantAttribute(node, attributeId);
  if (!variant) return failed(StatusCodes.BadAttributeIdInvalid);
  return { variant: encodedVariant(variant), status: 0, sourceTimeMs: nowMs };
}

function constantAttribute(node: Node, attributeId: number): Variant | null {
  switch (attributeId) {
    case AttributeIds.NodeId:
      return scalar(DataType.NodeId, resolveNodeId(node.id));
    case AttributeIds.NodeClass:
      return scalar(DataType.Int32, node.nodeClass);
    case AttributeIds.BrowseName:
      return scalar(DataType.QualifiedName, coerceQualifiedName(browseName(node)));
    case AttributeIds.DisplayName:
      return scalar(DataType.LocalizedText, coerceLocalizedText(node.name));
    case AttributeIds.Description:
      return scalar(DataType.LocalizedText, coerceLocalizedText(""));
    case AttributeIds.WriteMask:
    case AttributeIds.UserWriteMask:
      return scalar(DataType.UInt32, 0);
  }
  if (node.kind === "method") {
    const isExecutable =
      attributeId === AttributeIds.Executable || attributeId === AttributeIds.UserExecutable;
    return isExecutable ? scalar(DataType.Boolean, true) : null;
  }
  if (node.kind === "plain") {
    return attributeId === AttributeIds.EventNotifier ? scalar(DataType.Byte, 0) : null;
  }
  switch (attributeId) {
    case AttributeIds.DataType:
      return scalar(DataType.NodeId, resolveNodeId(node.dataType));
    case AttributeIds.ValueRank:
      return scalar(DataType.Int32, node.valueRank);
    case AttributeIds.ArrayDimensions:
      return scalar(DataType.Null, undefined);
    case AttributeIds.AccessLevel:
    case AttributeIds.UserAccessLevel:
      return scalar(DataType.Byte, node.writable ? 3 : 1);
    case AttributeIds.MinimumSamplingInterval:
      return scalar(DataType.Double, node.minimumSamplingIntervalMs);
    case AttributeIds.Historizing:
      return scalar(DataType.Boolean, false);
    default:
      return null;
  }
}

export function browseName(node: Node): QualifiedNameOptions {
  return { namespaceIndex: node.namespace, name: node.name };
}

function partOf(value: Sample, indexRange: string): Sample {
  const range = new NumericRange(indexRange);
  if (!range.isValid()) return failed(StatusCodes.BadIndexRangeInvalid);
  const variant = decodeVariant(new BinaryStream(value.variant));
  if (variant.arrayType === VariantArrayType.Scalar) return failed(StatusCodes.BadIndexRangeNoData);
  const part = range.extract_values(variant.value);
  if (part.statusCode.isNotGood()) return failed(part.statusCode);
  variant.value = part.array;
  return { ...value, variant: encodedVariant(variant) };
}
