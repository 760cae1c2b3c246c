/** An HRESULT as a signed 32-bit number, as it stands in COM's headers and travels on the wire. */
function code(unsigned: number): number {
  return unsigned | 0;
}

/** HRESULTs that the OPC DA specifications (1.0, 2.05A, 3.0, Common 1.1) or COM itself name, by their names there. */
export const hresult = Object.freeze({
  S_OK: 0,
  S_FALSE: 1,
  E_NOTIMPL: code(0x8000_4001),
  E_NOINTERFACE: code(0x8000_4002),
  E_POINTER: code(0x8000_4003),
  E_ABORT: code(0x8000_4004),
  E_FAIL: code(0x8000_4005),
  E_UNEXPECTED: code(0x8000_ffff),
  E_ACCESSDENIED: code(0x8007_0005),
  E_OUTOFMEMORY: code(0x8007_000e),
  E_INVALIDARG: code(0x8007_0057),
  DISP_E_TYPEMISMATCH: code(0x8002_0005),
  DISP_E_BADVARTYPE: code(0x8002_0008),
  DISP_E_OVERFLOW: code(0x8002_000a),
  CONNECT_E_NOCONNECTION: code(0x8004_0200),
  CONNECT_E_ADVISELIMIT: code(0x8004_0201),
  CONNECT_E_CANNOTCONNECT: code(0x8004_0202),
  REGDB_E_CLASSNOTREG: code(0x8004_0154),
  CO_E_CLASSSTRING: code(0x8004_01f3),
  CO_E_SERVER_EXEC_FAILURE: code(0x8008_0005),
  RPC_E_CALL_REJECTED: code(0x8001_0001),
  RPC_E_SERVERFAULT: code(0x8001_0105),
  RPC_E_DISCONNECTED: code(0x8001_0108),
  RPC_E_TIMEOUT: code(0x8001_011f),
  /** HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE): nobody took the call. */
  RPC_S_SERVER_UNAVAILABLE: code(0x8007_06ba),
  /** HRESULT_FROM_WIN32(RPC_S_CALL_FAILED): the call was cut off; whether it was carried out is not known. */
  RPC_S_CALL_FAILED: code(0x8007_06be),
  /** HRESULT_FROM_WIN32(RPC_S_CALL_FAILED_DNE): the call failed and was not carried out. */
  RPC_S_CALL_FAILED_DNE: code(0x8007_06bf),
  OPC_E_INVALIDHANDLE: code(0xc004_0001),
  OPC_E_BADTYPE: code(0xc004_0004),
  OPC_E_PUBLIC: code(0xc004_0005),
  OPC_E_BADRIGHTS: code(0xc004_0006),
  OPC_E_UNKNOWNITEMID: code(0xc004_0007),
  OPC_E_INVALIDITEMID: code(0xc004_0008),
  OPC_E_INVALIDFILTER: code(0xc004_0009),
  OPC_E_UNKNOWNPATH: code(0xc004_000a),
  OPC_E_RANGE: code(0xc004_000b),
  OPC_E_DUPLICATENAME: code(0xc004_000c),
  OPC_S_UNSUPPORTEDRATE: code(0x0004_000d),
  OPC_S_CLAMP: code(0x0004_000e),
  OPC_S_INUSE: code(0x0004_000f),
  OPC_E_INVALIDCONFIGFILE: code(0xc004_0010),
  OPC_E_NOTFOUND: code(0xc004_0011),
  OPC_E_INVALID_PID: code(0xc004_0203),
  OPC_E_DEADBANDNOTSET: code(0xc004_0400),
  OPC_E_DEADBANDNOTSUPPORTED: code(0xc004_0401),
  OPC_E_NOBUFFERING: code(0xc004_0402),
  OPC_E_INVALIDCONTINUATIONPOINT: code(0xc004_0403),
  OPC_S_DATAQUEUEOVERFLOW: code(0x0004_0404),
  OPC_E_RATENOTSET: code(0xc004_0405),
  OPC_E_NOTSUPPORTED: code(0xc004_0406),
} as const);

export type HresultName = keyof typeof hresult;

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(hresult).map(([name, value]) => [value, name]),
);

/** `OPC_E_UNKNOWNITEMID (0xC0040007)`, or the number alone where it has no name here. */
export function hresultText(result: number): string {
  const hex = `0x${(result >>> 0).toString(16).toUpperCase().padStart(8, "0")}`;
  const name = names.get(result);
  return name === undefined ? hex : `${name} (${hex})`;
}

export function succeeded(result: number): boolean {
  return result >= 0;
}

/** Results that say that the server or its process cannot be reached, rather than that it refuses something. */
const unreachable: ReadonlySet<number> = new Set<number>([
  hresult.RPC_S_SERVER_UNAVAILABLE,
  hresult.RPC_S_CALL_FAILED,
  hresult.RPC_S_CALL_FAILED_DNE,
  hresult.RPC_E_DISCONNECTED,
  hresult.CO_E_SERVER_EXEC_FAILURE,
]);

export function meansUnreachable(result: number): boolean {
  return unreachable.has(result);
}
