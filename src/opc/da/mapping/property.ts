import { varType } from "../wire/var-type.ts";

/** Where OPC UA keeps what an OPC DA item property says (OPC 10000-8, A.3.1.3 and A.3.1.4). */
export type PropertyTarget =
  | {
      readonly kind: "attribute";
      readonly attribute: "Value" | "DataType" | "AccessLevel" | "Description" | "MinimumSamplingInterval";
    }
  /** Part of the DataValue: its StatusCode or SourceTimestamp. */
  | { readonly kind: "dataValue"; readonly field: "statusCode" | "sourceTimestamp" }
  /** A Property of the Variable, and the part of its value. */
  | {
      readonly kind: "property";
      readonly browseName:
        | "EngineeringUnits"
        | "EURange"
        | "InstrumentRange"
        | "TrueState"
        | "FalseState"
        | "EnumStrings";
      readonly part: "low" | "high" | "whole";
    }
  /** Decides the VariableType. */
  | { readonly kind: "variableType" }
  /** A Property of its own, named by its description. */
  | { readonly kind: "own" };

export interface PropertyDefinition {
  readonly id: number;
  readonly description: string;
  /** VARTYPE; VT_EMPTY where it is that of the item. */
  readonly type: number;
  readonly target: PropertyTarget;
}

const attribute = (name: Extract<PropertyTarget, { kind: "attribute" }>["attribute"]): PropertyTarget =>
  Object.freeze({ kind: "attribute", attribute: name });
const property = (
  browseName: Extract<PropertyTarget, { kind: "property" }>["browseName"],
  part: "low" | "high" | "whole",
): PropertyTarget => Object.freeze({ kind: "property", browseName, part });
const own: PropertyTarget = Object.freeze({ kind: "own" });

function define(id: number, description: string, type: number, target: PropertyTarget): PropertyDefinition {
  return Object.freeze({ id, description, type, target });
}

/** The item properties that the specification defines (OPC DA 3.0, 4.7.1). */
export const itemProperties: readonly PropertyDefinition[] = Object.freeze([
  define(1, "Item Canonical DataType", varType.i2, attribute("DataType")),
  define(2, "Item Value", varType.empty, attribute("Value")),
  define(3, "Item Quality", varType.i2, Object.freeze({ kind: "dataValue", field: "statusCode" })),
  define(4, "Item Timestamp", varType.date, Object.freeze({ kind: "dataValue", field: "sourceTimestamp" })),
  define(5, "Item Access Rights", varType.i4, attribute("AccessLevel")),
  define(6, "Server Scan Rate", varType.r4, attribute("MinimumSamplingInterval")),
  define(7, "Item EU Type", varType.i4, Object.freeze({ kind: "variableType" })),
  define(8, "Item EUInfo", varType.empty, property("EnumStrings", "whole")),
  define(100, "EU Units", varType.bstr, property("EngineeringUnits", "whole")),
  define(101, "Item Description", varType.bstr, attribute("Description")),
  define(102, "High EU", varType.r8, property("EURange", "high")),
  define(103, "Low EU", varType.r8, property("EURange", "low")),
  define(104, "High Instrument Range", varType.r8, property("InstrumentRange", "high")),
  define(105, "Low Instrument Range", varType.r8, property("InstrumentRange", "low")),
  define(106, "Contact Close Label", varType.bstr, property("TrueState", "whole")),
  define(107, "Contact Open Label", varType.bstr, property("FalseState", "whole")),
  define(108, "Item Timezone", varType.i4, own),
]);

const byId: ReadonlyMap<number, PropertyDefinition> = new Map(itemProperties.map((each) => [each.id, each]));

/** What a property maps to; those of vendors and of other specifications are Properties of their own. */
export function targetOfProperty(id: number): PropertyTarget {
  return byId.get(id)?.target ?? own;
}

export type VariableTypeName =
  | "DataItemType"
  | "AnalogItemType"
  | "TwoStateDiscreteType"
  | "MultiStateDiscreteType";

/** OPCEUTYPE (OPC DA 3.0, 4.7.1). */
export const euType = Object.freeze({ noEnum: 0, analog: 1, enumerated: 2 } as const);

/** The VariableType of an item that has these properties; `itemEuType` is the value of property 7, null where it has none. */
export function variableTypeOf(ids: ReadonlySet<number>, itemEuType: number | null): VariableTypeName {
  if (itemEuType === euType.enumerated) return "MultiStateDiscreteType";
  if (itemEuType === euType.analog || (ids.has(102) && ids.has(103))) return "AnalogItemType";
  if (ids.has(106) && ids.has(107)) return "TwoStateDiscreteType";
  return "DataItemType";
}

/** Bits of OPC DA's access rights (OPC_READABLE, OPC_WRITEABLE) and of the UA AccessLevel are the same two. */
const accessMask = 0x03;

export function accessLevelOf(accessRights: number): number {
  return accessRights & accessMask;
}

export function accessRightsOf(accessLevel: number): number {
  return accessLevel & accessMask;
}
