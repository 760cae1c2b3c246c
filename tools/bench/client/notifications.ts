import { dataValueMask, skipExtensionObject, skipVariant } from "../../../src/opc/ua/wire/skip.ts";
import { epochMs } from "../../simulator/clock.ts";

const dataChangeTypeId = 811;
const doubleType = 11;
/** 1601-01-01 to 1970-01-01 in ms. */
const unixOffsetMs = 11_644_473_600_000;
const highWordMs = 4_294_967_296 / 10_000;

/** Called for each value; `sourceTimeMs` is NaN where there is no timestamp, `value` where it is no Double. */
export type VisitValue = (clientHandle: number, value: number, sourceTimeMs: number, status: number) => void;

export interface PublishHead {
  readonly subscriptionId: number;
  readonly sequenceNumber: number;
  readonly values: number;
  /** StatusChangeNotification: the subscription is no more. */
  readonly hasEnded: boolean;
}

/** Reads the body of a PublishResponse; one pass, no objects per value. */
export function readPublishBody(body: Buffer, visit: VisitValue): PublishHead {
  const subscriptionId = body.readUInt32LE(0);
  let at = 8 + 4 * Math.max(body.readInt32LE(4), 0) + 1;
  const sequenceNumber = body.readUInt32LE(at);
  const count = body.readInt32LE(at + 12);
  at += 16;
  let values = 0;
  let hasEnded = false;
  for (let index = 0; index < count; index++) {
    const end = skipExtensionObject(body, at);
    // A four-byte NodeId, encoding byte and length come before the structure.
    const typeId = body[at] === 1 ? body.readUInt16LE(at + 2) : 0;
    if (typeId === dataChangeTypeId) values += readChanges(body, at + 9, visit);
    else hasEnded = true;
    at = end;
  }
  return { subscriptionId, sequenceNumber, values, hasEnded };
}

function readChanges(body: Buffer, start: number, visit: VisitValue): number {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const count = view.getInt32(start, true);
  let at = start + 4;
  for (let index = 0; index < count; index++) {
    const clientHandle = view.getUint32(at, true);
    const mask = view.getUint8(at + 4);
    at += 5;
    let value = Number.NaN;
    if (mask & dataValueMask.value) {
      if (view.getUint8(at) === doubleType) {
        value = view.getFloat64(at + 1, true);
        at += 9;
      } else {
        at = skipVariant(body, at);
      }
    }
    let status = 0;
    if (mask & dataValueMask.status) {
      status = view.getUint32(at, true);
      at += 4;
    }
    let sourceTimeMs = Number.NaN;
    if (mask & dataValueMask.sourceTimestamp) {
      sourceTimeMs =
        view.getUint32(at + 4, true) * highWordMs + view.getUint32(at, true) / 10_000 - unixOffsetMs;
      at += 8;
    }
    if (mask & dataValueMask.sourcePicoseconds) at += 2;
    if (mask & dataValueMask.serverTimestamp) at += 8;
    if (mask & dataValueMask.serverPicoseconds) at += 2;
    visit(clientHandle, value, sourceTimeMs, status);
  }
  return count;
}

/** The tick a SourceTimestamp stands for; rounding takes care of the last bits of a double. */
export function tickOfTime(sourceTimeMs: number, periodMs: number): number {
  return Math.round((sourceTimeMs - epochMs) / periodMs);
}
