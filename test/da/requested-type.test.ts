import assert from "node:assert/strict";
import { hresult } from "../../src/opc/da/mapping/hresult.ts";
import { arrayBit, varType } from "../../src/opc/da/wire/var-type.ts";
import { emptyVariant, scalar, vector } from "../../src/opc/da/wire/variant.ts";
import { canConvert, convertTo } from "../../src/opc/ua/as-da/requested-type.ts";

describe("types that OPC DA clients ask for of OPC UA values", () => {
  it("gives numbers, truth and text as one another", () => {
    for (const [to, given, wanted] of [
      [varType.r8, scalar(varType.i2, 3), 3],
      [varType.i4, scalar(varType.r8, 2.5), 2],
      [varType.i4, scalar(varType.r8, 3.5), 4],
      [varType.i4, scalar(varType.r8, -2.5), -2],
      [varType.i2, scalar(varType.r4, -1.75), -2],
      [varType.i8, scalar(varType.i4, -5), -5n],
      [varType.ui1, scalar(varType.ui8, 255n), 255],
      [varType.r4, scalar(varType.r8, 0.1), Math.fround(0.1)],
      [varType.bstr, scalar(varType.r8, 1.5), "1.5"],
      [varType.bstr, scalar(varType.bool, true), "-1"],
      [varType.r8, scalar(varType.bstr, " 2.5e3 "), 2500],
      [varType.i8, scalar(varType.bstr, "9007199254740993"), 9007199254740993n],
      [varType.bool, scalar(varType.i4, 7), true],
      [varType.i2, scalar(varType.bool, true), -1],
    ] as const) {
      assert.deepEqual(convertTo(to, given), { type: to, value: wanted });
    }
  });

  it("says what does not fit, and what is no number", () => {
    for (const [to, given, error] of [
      [varType.ui1, scalar(varType.i4, 256), hresult.OPC_E_RANGE],
      [varType.ui4, scalar(varType.i4, -1), hresult.OPC_E_RANGE],
      [varType.i4, scalar(varType.r8, Number.NaN), hresult.OPC_E_RANGE],
      [varType.r4, scalar(varType.r8, 1e300), hresult.OPC_E_RANGE],
      [varType.r8, scalar(varType.bstr, "abc"), hresult.OPC_E_BADTYPE],
      [varType.i4, scalar(varType.bstr, "0x10"), hresult.OPC_E_BADTYPE],
      [varType.date, scalar(varType.r8, 1), hresult.OPC_E_BADTYPE],
      [varType.r8, vector(varType.r8, [1]), hresult.OPC_E_BADTYPE],
    ] as const) {
      assert.deepEqual(convertTo(to, given), { error });
    }
  });

  it("leaves what is right, or nothing, as it is, and converts arrays element by element", () => {
    const value = scalar(varType.r8, 1.5);
    assert.equal(convertTo(varType.empty, value), value);
    assert.equal(convertTo(varType.r8, value), value);
    assert.equal(convertTo(varType.r8, emptyVariant), emptyVariant);
    const { dimensions } = vector(varType.r8, [1, 2]);
    assert.deepEqual(convertTo(varType.i4 | arrayBit, vector(varType.r8, [1.2, 2])), {
      type: varType.i4 | arrayBit,
      dimensions,
      elements: [1, 2],
    });
    assert.deepEqual(convertTo(varType.ui1 | arrayBit, vector(varType.r8, [1, 256])), {
      error: hresult.OPC_E_RANGE,
    });
  });

  it("knows beforehand what a client may ask for", () => {
    assert.ok(canConvert(varType.r8, varType.bstr) && canConvert(varType.date, varType.date));
    assert.ok(canConvert(varType.date, varType.empty) && canConvert(varType.empty, varType.r8));
    assert.ok(!canConvert(varType.date, varType.r8) && !canConvert(varType.r8, varType.r8 | arrayBit));
  });
});
