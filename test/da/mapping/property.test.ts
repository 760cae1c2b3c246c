import assert from "node:assert/strict";
import {
  accessLevelOf,
  accessRightsOf,
  euType,
  itemProperties,
  targetOfProperty,
  variableTypeOf,
} from "../../../src/opc/da/mapping/property.ts";

describe("OPC DA item properties in OPC UA", () => {
  it("has a place for every property that the specification defines", () => {
    const ids = itemProperties.map(({ id }) => id);
    assert.deepEqual(ids, [1, 2, 3, 4, 5, 6, 7, 8, 100, 101, 102, 103, 104, 105, 106, 107, 108]);
    assert.deepEqual(targetOfProperty(102), { kind: "property", browseName: "EURange", part: "high" });
    assert.deepEqual(targetOfProperty(5), { kind: "attribute", attribute: "AccessLevel" });
    assert.deepEqual(targetOfProperty(5001), { kind: "own" });
  });

  it("chooses the VariableType by what an item has", () => {
    assert.equal(variableTypeOf(new Set([1, 2]), null), "DataItemType");
    assert.equal(variableTypeOf(new Set([102, 103]), null), "AnalogItemType");
    assert.equal(variableTypeOf(new Set(), euType.analog), "AnalogItemType");
    assert.equal(variableTypeOf(new Set([106, 107]), euType.noEnum), "TwoStateDiscreteType");
    assert.equal(variableTypeOf(new Set([8]), euType.enumerated), "MultiStateDiscreteType");
  });

  it("keeps reading and writing rights", () => {
    for (const rights of [0, 1, 2, 3]) assert.equal(accessRightsOf(accessLevelOf(rights)), rights);
    assert.equal(accessRightsOf(0xff), 3);
  });
});
