import {
  AttributeIds,
  DataType,
  DataValue,
  EnumRedundancySupport,
  LocalizedText,
  ServerState,
  ServerStatusDataType,
  StatusCodes,
  Variant,
  VariantArrayType,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { skipDataValue, skipNodeId, skipQualifiedName, skipString } from "../wire/skip.ts";

/** What the broker knows of a pair that the members' own Server objects cannot tell. */
export interface PairFacts {
  readonly applicationUri: string;
  /** Members that are linked. */
  readonly membersUp: number;
  /** False once nothing has served for longer than clients are kept waiting. */
  readonly isServed: boolean;
  readonly wallMs: number;
  /** The broker is about to end; null = it is not. */
  readonly shutdown?: Shutdown | null;
}

/** The end of the broker as clients are told of it (OPC 10000-5, 12.10: ServerStatusDataType). */
export interface Shutdown {
  /** When connections end, as wall-clock time in ms. */
  readonly atWallMs: number;
  readonly reason: string;
}

/** ServiceLevel sub-ranges (OPC 10000-4, 6.6.2.4.2): healthy with and without a stand-in, and no data. */
const serviceLevels = Object.freeze({ bothMembers: 255, oneMember: 200, none: 1 });

const variables = Object.freeze({
  serverArray: 2254,
  serverStatus: 2256,
  currentTime: 2258,
  state: 2259,
  serviceLevel: 2267,
  secondsTillShutdown: 2992,
  shutdownReason: 2993,
  redundancySupport: 3709,
});

/** A node to read as the ReadRequest names it. */
interface OverlaidRead {
  readonly index: number;
  readonly value: DataValue;
}

export interface ReadOverlay {
  readonly count: number;
  readonly reads: readonly OverlaidRead[];
}

function scalar(dataType: DataType, value: unknown, wallMs: number): DataValue {
  const time = new Date(wallMs);
  return new DataValue({
    value: new Variant({ dataType, value }),
    statusCode: StatusCodes.Good,
    sourceTimestamp: time,
    serverTimestamp: time,
  });
}

/** The broker's value of a Server object variable; null where the member's own is the truth. */
function overlaidValue(id: number, facts: PairFacts): DataValue | null {
  switch (id) {
    case variables.serverArray:
      return new DataValue({
        value: new Variant({
          dataType: DataType.String,
          arrayType: VariantArrayType.Array,
          value: [facts.applicationUri],
        }),
        sourceTimestamp: new Date(facts.wallMs),
        serverTimestamp: new Date(facts.wallMs),
      });
    case variables.serviceLevel:
      return scalar(DataType.Byte, serviceLevelOf(facts), facts.wallMs);
    case variables.redundancySupport:
      return scalar(DataType.Int32, EnumRedundancySupport.Transparent, facts.wallMs);
    default:
      if (facts.shutdown) return shutdownValue(id, facts.shutdown, facts.wallMs);
      return facts.isServed ? null : unservedValue(id, facts);
  }
}

function shutdownValue(id: number, shutdown: Shutdown, wallMs: number): DataValue | null {
  const seconds = Math.max(0, Math.ceil((shutdown.atWallMs - wallMs) / 1000));
  const reason = new LocalizedText({ text: shutdown.reason });
  switch (id) {
    case variables.state:
      return scalar(DataType.Int32, ServerState.Shutdown, wallMs);
    case variables.secondsTillShutdown:
      return scalar(DataType.UInt32, seconds, wallMs);
    case variables.shutdownReason:
      return scalar(DataType.LocalizedText, reason, wallMs);
    case variables.serverStatus:
      return scalar(
        DataType.ExtensionObject,
        new ServerStatusDataType({
          state: ServerState.Shutdown,
          currentTime: new Date(wallMs),
          startTime: new Date(wallMs),
          secondsTillShutdown: seconds,
          shutdownReason: reason,
        }),
        wallMs,
      );
    default:
      return null;
  }
}

/**
 * What an item that watches a variable of the Server object is told at the end of the broker, as an encoded
 * DataValue; null where it watches something else. Throws RangeError when malformed.
 *
 * @param itemToMonitor the ReadValueId of the item
 */
export function shutdownNotification(
  itemToMonitor: Buffer,
  shutdown: Shutdown,
  wallMs: number,
): Buffer | null {
  const id = serverObjectId(itemToMonitor, 0);
  if (id === 0 || itemToMonitor.readUInt32LE(skipNodeId(itemToMonitor, 0)) !== AttributeIds.Value)
    return null;
  const value = shutdownValue(id, shutdown, wallMs);
  return value && encodeDataValue(value);
}

function unservedValue(id: number, facts: PairFacts): DataValue | null {
  switch (id) {
    case variables.state:
      return scalar(DataType.Int32, ServerState.CommunicationFault, facts.wallMs);
    case variables.currentTime:
      return scalar(DataType.DateTime, new Date(facts.wallMs), facts.wallMs);
    case variables.serverStatus:
      return scalar(
        DataType.ExtensionObject,
        new ServerStatusDataType({
          state: ServerState.CommunicationFault,
          currentTime: new Date(facts.wallMs),
          startTime: new Date(facts.wallMs),
        }),
        facts.wallMs,
      );
    default:
      return null;
  }
}

function serviceLevelOf({ membersUp, isServed, shutdown }: PairFacts): number {
  if (!isServed || shutdown) return serviceLevels.none;
  return membersUp > 1 ? serviceLevels.bothMembers : serviceLevels.oneMember;
}

/** Finds the nodes of a ReadRequest body that the broker answers itself. Throws RangeError when malformed. */
export function overlayRead(body: Buffer, facts: PairFacts): ReadOverlay {
  const count = Math.max(body.readInt32LE(12), 0);
  const reads: OverlaidRead[] = [];
  let offset = 16;
  for (let index = 0; index < count; index++) {
    const id = serverObjectId(body, offset);
    offset = skipNodeId(body, offset);
    if (id !== 0 && body.readUInt32LE(offset) === AttributeIds.Value) {
      const value = overlaidValue(id, facts);
      if (value) reads.push({ index, value });
    }
    offset = skipQualifiedName(body, skipString(body, offset + 4));
  }
  return { count, reads };
}

/** The numeric identifier of a NodeId in namespace 0; 0 for any other. */
function serverObjectId(body: Buffer, offset: number): number {
  switch (body.readUInt8(offset)) {
    case 1:
      return body.readUInt8(offset + 1) === 0 ? body.readUInt16LE(offset + 2) : 0;
    case 2:
      return body.readUInt16LE(offset + 1) === 0 ? body.readUInt32LE(offset + 3) : 0;
    default:
      return 0;
  }
}

/** A ReadResponse body with the overlaid values put in the place of the member's. */
export function patchReadResults(body: Buffer, reads: readonly OverlaidRead[]): Buffer {
  const parts: Buffer[] = [];
  let copiedTo = 0;
  let offset = 4;
  let index = 0;
  for (const read of reads) {
    for (; index < read.index; index++) offset = skipDataValue(body, offset);
    parts.push(body.subarray(copiedTo, offset), encodeDataValue(read.value));
    offset = skipDataValue(body, offset);
    index += 1;
    copiedTo = offset;
  }
  parts.push(body.subarray(copiedTo));
  return Buffer.concat(parts);
}

/** A ReadResponse body without asking a member: what is not overlaid has BadNoCommunication. */
export function unservedReadResults({ count, reads }: ReadOverlay): Buffer {
  const byIndex = new Map(reads.map(({ index, value }) => [index, value]));
  const missing = encodeDataValue(new DataValue({ statusCode: StatusCodes.BadNoCommunication }));
  const head = Buffer.allocUnsafe(4);
  head.writeInt32LE(count, 0);
  const parts: Buffer[] = [head];
  for (let index = 0; index < count; index++) {
    const value = byIndex.get(index);
    parts.push(value ? encodeDataValue(value) : missing);
  }
  parts.push(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  return Buffer.concat(parts);
}

const dataValueBytes = 256;
const mostDataValueBytes = 64 * 1024;

function encodeDataValue(value: DataValue): Buffer {
  const stream = BinaryStream.createGrowable(dataValueBytes, mostDataValueBytes);
  value.encode(stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}
