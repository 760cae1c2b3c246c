import { AttributeIds, type DataValue } from "node-opcua";
import { hresult } from "../../da/mapping/hresult.ts";
import { accessRightsOf, itemProperties } from "../../da/mapping/property.ts";
import { qualityOfStatus } from "../../da/mapping/quality.ts";
import { dateOfTicks, ticksOfJsDate } from "../../da/mapping/time.ts";
import { daVariantOf, varTypeOf } from "../../da/mapping/value.ts";
import type { ResponseBody } from "../../da/wire/requests.ts";
import { Values } from "../../da/wire/values.ts";
import { varType } from "../../da/wire/var-type.ts";
import { emptyVariant, scalar, type Variant } from "../../da/wire/variant.ts";
import type { UpstreamSession } from "../upstream/upstream-session.ts";
import { anyAgeMs, nodeIdOf, readAttributes } from "./calls.ts";
import { errorOf, nodeTypeOf } from "./values.ts";

/** Properties that every item has (OPC DA 3.0, 4.7.1), and the description. */
const served: readonly number[] = Object.freeze([1, 2, 3, 4, 5, 6, 101]);
const attributes = [
  AttributeIds.Value,
  AttributeIds.UserAccessLevel,
  AttributeIds.MinimumSamplingInterval,
  AttributeIds.Description,
] as const;

interface Facts {
  readonly value: DataValue | undefined;
  readonly accessLevel: DataValue | undefined;
  readonly sampling: DataValue | undefined;
  readonly description: DataValue | undefined;
}

async function factsOf(session: UpstreamSession, itemId: string, timeoutMs: number): Promise<Facts | number> {
  const nodeId = nodeIdOf(itemId);
  if (!nodeId) return hresult.OPC_E_INVALIDITEMID;
  const asked = attributes.map((attributeId) => ({ nodeId, attributeId }));
  const [value, accessLevel, sampling, description] = await readAttributes(
    session,
    asked,
    anyAgeMs,
    timeoutMs,
  );
  if (!accessLevel?.statusCode.isGood()) return errorOf(accessLevel?.statusCode, "read");
  return { value, accessLevel, sampling, description };
}

function propertyOf(facts: Facts, id: number): Variant | null {
  const { value, accessLevel, sampling, description } = facts;
  const type = nodeTypeOf(value);
  switch (id) {
    case 1:
      return scalar(varType.i2, (varTypeOf(type.dataType, type.isArray) << 16) >> 16);
    case 2:
      return value ? daVariantOf(value.value) : emptyVariant;
    case 3:
      return scalar(varType.i2, value ? qualityOfStatus(value.statusCode.value) : 0);
    case 4: {
      const time = value?.sourceTimestamp;
      return scalar(varType.date, time ? dateOfTicks(ticksOfJsDate(time)) : 0);
    }
    case 5:
      return scalar(varType.i4, accessRightsOf(Number(accessLevel?.value.value)));
    case 6:
      return scalar(
        varType.r4,
        sampling?.statusCode.isGood() ? Math.max(0, Number(sampling.value.value)) : 0,
      );
    case 101:
      return scalar(
        varType.bstr,
        description?.statusCode.isGood() ? String(description.value.value?.text ?? "") : "",
      );
    default:
      return null;
  }
}

/** IOPCItemProperties::QueryAvailableProperties; null where there is no such item. */
export async function queryProperties(
  session: UpstreamSession,
  itemId: string,
  timeoutMs: number,
): Promise<ResponseBody<"queryProperties"> | number> {
  const facts = await factsOf(session, itemId, timeoutMs);
  if (typeof facts === "number") return facts;
  const type = nodeTypeOf(facts.value);
  const definitions = itemProperties.filter(({ id }) => served.includes(id));
  return {
    ids: Uint32Array.from(definitions, ({ id }) => id),
    descriptions: definitions.map(({ description }) => description),
    types: Uint16Array.from(definitions, (each) =>
      each.type === varType.empty ? varTypeOf(type.dataType, type.isArray) : each.type,
    ),
  };
}

/** IOPCItemProperties::GetItemProperties. */
export async function getItemProperties(
  session: UpstreamSession,
  itemId: string,
  ids: Uint32Array,
  timeoutMs: number,
): Promise<ResponseBody<"getItemProperties"> | number> {
  const facts = await factsOf(session, itemId, timeoutMs);
  if (typeof facts === "number") return facts;
  const values = [...ids].map((id) => propertyOf(facts, id));
  return {
    errors: Int32Array.from(values, (value) => (value ? hresult.S_OK : hresult.OPC_E_INVALID_PID)),
    values: Values.of(values.map((value) => value ?? emptyVariant)),
  };
}
