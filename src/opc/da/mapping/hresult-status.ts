import { StatusCodes } from "node-opcua";
import { hresult, succeeded } from "./hresult.ts";

/** What was asked of an item; some HRESULTs mean another StatusCode for a write than for a read. */
export type Access = "read" | "write";

const common: ReadonlyMap<number, number> = new Map<number, number>([
  [hresult.S_OK, StatusCodes.Good.value],
  [hresult.S_FALSE, StatusCodes.Good.value],
  [hresult.OPC_S_CLAMP, StatusCodes.GoodClamped.value],
  [hresult.OPC_S_UNSUPPORTEDRATE, StatusCodes.Good.value],
  [hresult.OPC_S_INUSE, StatusCodes.Good.value],
  [hresult.OPC_S_DATAQUEUEOVERFLOW, StatusCodes.Good.value],
  [hresult.E_OUTOFMEMORY, StatusCodes.BadOutOfMemory.value],
  [hresult.E_INVALIDARG, StatusCodes.BadInvalidArgument.value],
  [hresult.E_POINTER, StatusCodes.BadInvalidArgument.value],
  [hresult.E_NOTIMPL, StatusCodes.BadNotImplemented.value],
  [hresult.E_NOINTERFACE, StatusCodes.BadNotSupported.value],
  [hresult.E_ABORT, StatusCodes.BadRequestCancelledByClient.value],
  [hresult.DISP_E_TYPEMISMATCH, StatusCodes.BadTypeMismatch.value],
  [hresult.DISP_E_BADVARTYPE, StatusCodes.BadTypeMismatch.value],
  [hresult.OPC_E_BADTYPE, StatusCodes.BadTypeMismatch.value],
  [hresult.DISP_E_OVERFLOW, StatusCodes.BadOutOfRange.value],
  [hresult.OPC_E_RANGE, StatusCodes.BadOutOfRange.value],
  [hresult.OPC_E_INVALIDHANDLE, StatusCodes.BadNodeIdUnknown.value],
  [hresult.OPC_E_UNKNOWNITEMID, StatusCodes.BadNodeIdUnknown.value],
  [hresult.OPC_E_UNKNOWNPATH, StatusCodes.BadNodeIdUnknown.value],
  [hresult.OPC_E_INVALIDITEMID, StatusCodes.BadNodeIdInvalid.value],
  [hresult.OPC_E_INVALIDFILTER, StatusCodes.BadMonitoredItemFilterInvalid.value],
  [hresult.OPC_E_INVALIDCONTINUATIONPOINT, StatusCodes.BadContinuationPointInvalid.value],
  [hresult.OPC_E_DEADBANDNOTSUPPORTED, StatusCodes.BadMonitoredItemFilterUnsupported.value],
  [hresult.OPC_E_DUPLICATENAME, StatusCodes.BadBrowseNameDuplicated.value],
  [hresult.OPC_E_NOTFOUND, StatusCodes.BadNotFound.value],
  [hresult.RPC_E_TIMEOUT, StatusCodes.BadTimeout.value],
  [hresult.RPC_S_SERVER_UNAVAILABLE, StatusCodes.BadNoCommunication.value],
  [hresult.RPC_S_CALL_FAILED, StatusCodes.BadCommunicationError.value],
  [hresult.RPC_S_CALL_FAILED_DNE, StatusCodes.BadCommunicationError.value],
  [hresult.RPC_E_DISCONNECTED, StatusCodes.BadCommunicationError.value],
  [hresult.CO_E_SERVER_EXEC_FAILURE, StatusCodes.BadNoCommunication.value],
  [hresult.REGDB_E_CLASSNOTREG, StatusCodes.BadServerNotConnected.value],
]);

/** OPC 10000-8, A.3.3: errors of reads. */
const ofReads: ReadonlyMap<number, number> = new Map<number, number>([
  [hresult.OPC_E_BADRIGHTS, StatusCodes.BadNotReadable.value],
  [hresult.OPC_E_INVALID_PID, StatusCodes.BadAttributeIdInvalid.value],
  [hresult.E_ACCESSDENIED, StatusCodes.BadOutOfService.value],
  [hresult.OPC_E_NOTSUPPORTED, StatusCodes.BadNotSupported.value],
]);

/** OPC 10000-8, A.3.4: errors of writes. */
const ofWrites: ReadonlyMap<number, number> = new Map<number, number>([
  [hresult.OPC_E_BADRIGHTS, StatusCodes.BadNotWritable.value],
  [hresult.OPC_E_INVALID_PID, StatusCodes.BadNodeIdInvalid.value],
  [hresult.E_ACCESSDENIED, StatusCodes.BadUserAccessDenied.value],
  [hresult.OPC_E_NOTSUPPORTED, StatusCodes.BadWriteNotSupported.value],
]);

/** The StatusCode for an HRESULT (OPC 10000-8, A.3.3 and A.3.4); what the annex does not list is BadUnexpectedError or Good. */
export function statusOfHresult(result: number, access: Access): number {
  const particular = (access === "read" ? ofReads : ofWrites).get(result);
  const known = particular ?? common.get(result);
  if (known !== undefined) return known;
  return succeeded(result) ? StatusCodes.Good.value : StatusCodes.BadUnexpectedError.value;
}

const commonResults: ReadonlyMap<number, number> = new Map<number, number>([
  [StatusCodes.BadOutOfMemory.value, hresult.E_OUTOFMEMORY],
  [StatusCodes.BadNodeIdInvalid.value, hresult.OPC_E_INVALIDITEMID],
  [StatusCodes.BadNodeIdUnknown.value, hresult.OPC_E_UNKNOWNITEMID],
  [StatusCodes.BadNotReadable.value, hresult.OPC_E_BADRIGHTS],
  [StatusCodes.BadNotWritable.value, hresult.OPC_E_BADRIGHTS],
  [StatusCodes.BadUserAccessDenied.value, hresult.E_ACCESSDENIED],
  [StatusCodes.BadUnexpectedError.value, hresult.E_FAIL],
  [StatusCodes.BadInternalError.value, hresult.E_FAIL],
  [StatusCodes.BadSessionClosed.value, hresult.E_FAIL],
  [StatusCodes.BadTypeMismatch.value, hresult.OPC_E_BADTYPE],
  [StatusCodes.BadOutOfRange.value, hresult.OPC_E_RANGE],
  [StatusCodes.BadWriteNotSupported.value, hresult.OPC_E_NOTSUPPORTED],
  [StatusCodes.BadNotSupported.value, hresult.OPC_E_NOTSUPPORTED],
  [StatusCodes.BadNotImplemented.value, hresult.E_NOTIMPL],
  [StatusCodes.BadServiceUnsupported.value, hresult.E_NOTIMPL],
  [StatusCodes.BadInvalidArgument.value, hresult.E_INVALIDARG],
  [StatusCodes.BadNotFound.value, hresult.OPC_E_NOTFOUND],
  [StatusCodes.BadContinuationPointInvalid.value, hresult.OPC_E_INVALIDCONTINUATIONPOINT],
  [StatusCodes.BadMonitoredItemFilterInvalid.value, hresult.OPC_E_INVALIDFILTER],
  [StatusCodes.BadMonitoredItemFilterUnsupported.value, hresult.OPC_E_DEADBANDNOTSUPPORTED],
  [StatusCodes.BadFilterNotAllowed.value, hresult.OPC_E_DEADBANDNOTSUPPORTED],
  [StatusCodes.BadMonitoredItemIdInvalid.value, hresult.OPC_E_INVALIDHANDLE],
  [StatusCodes.BadSubscriptionIdInvalid.value, hresult.OPC_E_INVALIDHANDLE],
  [StatusCodes.BadBrowseNameDuplicated.value, hresult.OPC_E_DUPLICATENAME],
  [StatusCodes.BadRequestCancelledByClient.value, hresult.E_ABORT],
  [StatusCodes.BadTimeout.value, hresult.RPC_E_TIMEOUT],
  [StatusCodes.BadNoCommunication.value, hresult.RPC_S_SERVER_UNAVAILABLE],
  [StatusCodes.BadServerNotConnected.value, hresult.RPC_S_SERVER_UNAVAILABLE],
  [StatusCodes.BadCommunicationError.value, hresult.RPC_S_CALL_FAILED],
  [StatusCodes.BadConnectionClosed.value, hresult.RPC_S_CALL_FAILED],
  [StatusCodes.BadSecureChannelClosed.value, hresult.RPC_S_CALL_FAILED],
  [StatusCodes.GoodClamped.value, hresult.OPC_S_CLAMP],
]);

/** Bits of a StatusCode that say more about it but are not part of the code (OPC 10000-4, 7.39). */
const codeMask = 0xffff_0000;

/** The HRESULT for a StatusCode (OPC 10000-8, A.4.4 and A.4.5); Bad ones that the annex does not list are E_FAIL. */
export function hresultOfStatus(statusCode: number, access: Access): number {
  const code = (statusCode & codeMask) >>> 0;
  if (code === StatusCodes.BadAttributeIdInvalid.value) {
    return access === "read" ? hresult.OPC_E_INVALIDITEMID : hresult.OPC_E_UNKNOWNITEMID;
  }
  const known = commonResults.get(code);
  if (known !== undefined) return known;
  return code >>> 31 === 1 ? hresult.E_FAIL : hresult.S_OK;
}
