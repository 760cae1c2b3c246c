import assert from "node:assert/strict";
import { StatusCodes } from "node-opcua";
import { hresult, hresultText, meansUnreachable, succeeded } from "../../../src/opc/da/mapping/hresult.ts";
import { type Access, hresultOfStatus, statusOfHresult } from "../../../src/opc/da/mapping/hresult-status.ts";

const accesses: readonly Access[] = ["read", "write"];
const all = Object.entries(hresult);

describe("HRESULT and StatusCode", () => {
  it("maps every failure that the specifications name to Bad and every success to Good", () => {
    for (const [name, result] of all) {
      for (const access of accesses) {
        const isBad = statusOfHresult(result, access) >>> 31 === 1;
        assert.equal(isBad, !succeeded(result), `${name} ${access}`);
      }
    }
  });

  it("keeps failure and success on the way back and forth", () => {
    for (const [name, result] of all) {
      for (const access of accesses) {
        const back = hresultOfStatus(statusOfHresult(result, access), access);
        assert.equal(succeeded(back), succeeded(result), `${name} ${access}`);
        assert.equal(
          statusOfHresult(back, access) >>> 31,
          statusOfHresult(result, access) >>> 31,
          `${name} ${access}`,
        );
      }
    }
  });

  it("is the table of OPC 10000-8, A.3.3, for reads", () => {
    const table: readonly (readonly [number, number])[] = [
      [hresult.OPC_E_BADRIGHTS, StatusCodes.BadNotReadable.value],
      [hresult.E_OUTOFMEMORY, StatusCodes.BadOutOfMemory.value],
      [hresult.OPC_E_INVALIDHANDLE, StatusCodes.BadNodeIdUnknown.value],
      [hresult.OPC_E_UNKNOWNITEMID, StatusCodes.BadNodeIdUnknown.value],
      [hresult.OPC_E_INVALIDITEMID, StatusCodes.BadNodeIdInvalid.value],
      [hresult.OPC_E_INVALID_PID, StatusCodes.BadAttributeIdInvalid.value],
      [hresult.E_ACCESSDENIED, StatusCodes.BadOutOfService.value],
      [0x8000_1234 | 0, StatusCodes.BadUnexpectedError.value],
    ];
    for (const [result, status] of table) assert.equal(statusOfHresult(result, "read"), status);
  });

  it("is the table of OPC 10000-8, A.3.4, for writes", () => {
    const table: readonly (readonly [number, number])[] = [
      [hresult.OPC_E_BADRIGHTS, StatusCodes.BadNotWritable.value],
      [hresult.DISP_E_TYPEMISMATCH, StatusCodes.BadTypeMismatch.value],
      [hresult.OPC_E_BADTYPE, StatusCodes.BadTypeMismatch.value],
      [hresult.OPC_E_RANGE, StatusCodes.BadOutOfRange.value],
      [hresult.DISP_E_OVERFLOW, StatusCodes.BadOutOfRange.value],
      [hresult.E_OUTOFMEMORY, StatusCodes.BadOutOfMemory.value],
      [hresult.OPC_E_INVALIDHANDLE, StatusCodes.BadNodeIdUnknown.value],
      [hresult.OPC_E_UNKNOWNITEMID, StatusCodes.BadNodeIdUnknown.value],
      [hresult.OPC_E_INVALIDITEMID, StatusCodes.BadNodeIdInvalid.value],
      [hresult.OPC_E_INVALID_PID, StatusCodes.BadNodeIdInvalid.value],
      [hresult.OPC_E_NOTSUPPORTED, StatusCodes.BadWriteNotSupported.value],
      [hresult.OPC_S_CLAMP, StatusCodes.GoodClamped.value],
    ];
    for (const [result, status] of table) assert.equal(statusOfHresult(result, "write"), status);
  });

  it("is the tables of OPC 10000-8, A.4.4 and A.4.5, the other way", () => {
    const table: readonly (readonly [number, Access, number])[] = [
      [StatusCodes.BadOutOfMemory.value, "read", hresult.E_OUTOFMEMORY],
      [StatusCodes.BadNodeIdInvalid.value, "read", hresult.OPC_E_INVALIDITEMID],
      [StatusCodes.BadNodeIdUnknown.value, "read", hresult.OPC_E_UNKNOWNITEMID],
      [StatusCodes.BadNotReadable.value, "read", hresult.OPC_E_BADRIGHTS],
      [StatusCodes.BadUserAccessDenied.value, "read", hresult.E_ACCESSDENIED],
      [StatusCodes.BadAttributeIdInvalid.value, "read", hresult.OPC_E_INVALIDITEMID],
      [StatusCodes.BadUnexpectedError.value, "read", hresult.E_FAIL],
      [StatusCodes.BadInternalError.value, "read", hresult.E_FAIL],
      [StatusCodes.BadSessionClosed.value, "read", hresult.E_FAIL],
      [StatusCodes.BadTypeMismatch.value, "read", hresult.OPC_E_BADTYPE],
      [StatusCodes.BadNotWritable.value, "write", hresult.OPC_E_BADRIGHTS],
      [StatusCodes.BadAttributeIdInvalid.value, "write", hresult.OPC_E_UNKNOWNITEMID],
      [StatusCodes.BadWriteNotSupported.value, "write", hresult.OPC_E_NOTSUPPORTED],
      [StatusCodes.BadOutOfRange.value, "write", hresult.OPC_E_RANGE],
    ];
    for (const [status, access, result] of table) assert.equal(hresultOfStatus(status, access), result);
  });

  it("ignores the info bits of a StatusCode", () => {
    assert.equal(
      hresultOfStatus((StatusCodes.BadNotWritable.value | 0x0480) >>> 0, "write"),
      hresult.OPC_E_BADRIGHTS,
    );
  });

  it("fails for every Bad StatusCode that node-opcua knows and for no other", () => {
    for (const status of Object.values(StatusCodes)) {
      const { value } = status as { readonly value?: unknown };
      if (typeof value !== "number") continue;
      for (const access of accesses) {
        assert.equal(succeeded(hresultOfStatus(value, access)), value >>> 31 === 0, String(status));
      }
    }
  });

  it("names results for people", () => {
    assert.equal(hresultText(hresult.OPC_E_UNKNOWNITEMID), "OPC_E_UNKNOWNITEMID (0xC0040007)");
    assert.equal(hresultText(-1), "0xFFFFFFFF");
  });

  it("tells a server that is gone from one that refuses", () => {
    assert.ok(meansUnreachable(hresult.RPC_S_SERVER_UNAVAILABLE));
    assert.ok(!meansUnreachable(hresult.E_FAIL));
  });
});
