import { StatusCodes } from "node-opcua";

/** OPC DA quality, low byte QQSSSSLL without its limit bits (OPC DA 3.0, 6.8). */
export const quality = Object.freeze({
  bad: 0x00,
  configError: 0x04,
  notConnected: 0x08,
  deviceFailure: 0x0c,
  sensorFailure: 0x10,
  lastKnown: 0x14,
  commFailure: 0x18,
  outOfService: 0x1c,
  waitingForInitialData: 0x20,
  uncertain: 0x40,
  lastUsable: 0x44,
  sensorCal: 0x50,
  euExceeded: 0x54,
  subNormal: 0x58,
  good: 0xc0,
  localOverride: 0xd8,
} as const);

const limitMask = 0x03;
const statusMask = 0xfc;
const mainMask = 0xc0;

/** In a StatusCode: InfoType DataValue, and the limit bits that it makes meaningful (OPC 10000-4, 7.39). */
const infoTypeDataValue = 0x0400;
const infoTypeMask = 0x0c00;
const limitShift = 8;
const codeMask = 0xffff_0000;

const { Good, Uncertain, Bad } = {
  Good: StatusCodes.Good.value,
  Uncertain: StatusCodes.Uncertain.value,
  Bad: StatusCodes.Bad.value,
};

/** OPC 10000-8, A.3.2.3. */
const statusByQuality: ReadonlyMap<number, number> = new Map<number, number>([
  [quality.good, Good],
  [quality.localOverride, StatusCodes.GoodLocalOverride.value],
  [quality.uncertain, Uncertain],
  [quality.lastUsable, StatusCodes.UncertainLastUsableValue.value],
  [quality.sensorCal, StatusCodes.UncertainSensorNotAccurate.value],
  [quality.euExceeded, StatusCodes.UncertainEngineeringUnitsExceeded.value],
  [quality.subNormal, StatusCodes.UncertainSubNormal.value],
  [quality.bad, Bad],
  [quality.configError, StatusCodes.BadConfigurationError.value],
  [quality.notConnected, StatusCodes.BadNotConnected.value],
  [quality.deviceFailure, StatusCodes.BadDeviceFailure.value],
  [quality.sensorFailure, StatusCodes.BadSensorFailure.value],
  [quality.lastKnown, StatusCodes.BadOutOfService.value],
  [quality.commFailure, StatusCodes.BadNoCommunication.value],
  [quality.outOfService, StatusCodes.BadOutOfService.value],
  [quality.waitingForInitialData, StatusCodes.BadWaitingForInitialData.value],
]);

/** OPC 10000-8, A.4.3.3, and codes that say the same more precisely. */
const qualityByStatus: ReadonlyMap<number, number> = new Map<number, number>([
  ...[...statusByQuality].filter(([each]) => each !== quality.lastKnown).map(([da, ua]) => [ua, da] as const),
  [StatusCodes.UncertainNoCommunicationLastUsableValue.value, quality.lastUsable],
  [StatusCodes.UncertainInitialValue.value, quality.uncertain],
  [StatusCodes.UncertainSubstituteValue.value, quality.uncertain],
  [StatusCodes.BadCommunicationError.value, quality.commFailure],
  [StatusCodes.BadServerNotConnected.value, quality.commFailure],
  [StatusCodes.BadConnectionClosed.value, quality.commFailure],
  [StatusCodes.BadNoDataAvailable.value, quality.waitingForInitialData],
]);

/** True where a StatusCode describes the quality of a value, rather than why there is no value. */
export function isQualityStatus(statusCode: number): boolean {
  const code = (statusCode & codeMask) >>> 0;
  return code >>> 31 === 0 || qualityByStatus.has(code);
}

/**
 * The StatusCode for a DA quality. Substatus values that OPC DA does not define count as unspecific;
 * the vendor's high byte is dropped (OPC 10000-8, A.3.2.3). The reserved main quality 0x80 counts as bad.
 */
export function statusOfQuality(daQuality: number): number {
  const limit = daQuality & limitMask;
  const code = statusByQuality.get(daQuality & statusMask) ?? unspecificStatus(daQuality & mainMask);
  if (limit === 0) return code;
  return (code | infoTypeDataValue | (limit << limitShift)) >>> 0;
}

function unspecificStatus(main: number): number {
  if (main === quality.good) return Good;
  return main === quality.uncertain ? Uncertain : Bad;
}

/** The DA quality for a StatusCode; codes that have none of their own are unspecific good, uncertain or bad. */
export function qualityOfStatus(statusCode: number): number {
  const code = (statusCode & codeMask) >>> 0;
  const limit =
    (statusCode & infoTypeMask) === infoTypeDataValue ? (statusCode >>> limitShift) & limitMask : 0;
  return (qualityByStatus.get(code) ?? unspecificQuality(code)) | limit;
}

function unspecificQuality(code: number): number {
  const severity = code >>> 30;
  if (severity === 0) return quality.good;
  return severity === 1 ? quality.uncertain : quality.bad;
}

/** What the failover core needs of a quality. */
export function sampleQuality(daQuality: number): "good" | "uncertain" | "bad" | "waiting" {
  if ((daQuality & statusMask) === quality.waitingForInitialData) return "waiting";
  switch (daQuality & mainMask) {
    case quality.good:
      return "good";
    case quality.uncertain:
      return "uncertain";
    default:
      return "bad";
  }
}
