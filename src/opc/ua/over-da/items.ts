import { coerceStatusCode, DataType, DataValue, type StatusCode, StatusCodes } from "node-opcua";
import { hresult } from "../../da/mapping/hresult.ts";
import { statusOfHresult } from "../../da/mapping/hresult-status.ts";
import { qualityOfStatus, statusOfQuality } from "../../da/mapping/quality.ts";
import { jsDateOfTicks, ticksOfJsDate } from "../../da/mapping/time.ts";
import { daVariantOf, uaVariantOf } from "../../da/mapping/value.ts";
import { type DaServer, serverInterfaces } from "../../da/upstream/da-server.ts";
import type { Outcome } from "../../da/wire/message-codec.ts";
import type { ItemStates } from "../../da/wire/requests.ts";
import { Values } from "../../da/wire/values.ts";
import { emptyVariant, type Variant } from "../../da/wire/variant.ts";
import { ServiceError } from "../upstream/upstream-session.ts";

/** What AddItems tells of an item. */
export interface ItemFacts {
  readonly error: number;
  readonly canonicalType: number;
  readonly accessRights: number;
}

const scratchGroup = 1;
const scratchRateMs = 1000;
const rememberedItems = 10_000;

/** The answer's body. @throws ServiceError with the StatusCode of the HRESULT */
export function bodyOf<T>(outcome: Outcome<T>, access: "read" | "write" = "read"): T {
  if (outcome.ok) return outcome.body;
  const statusCode = coerceStatusCode(statusOfHresult(outcome.result, access));
  throw new ServiceError("SERVICE_FAULT", statusCode, outcome.detail ?? statusCode.name);
}

/** The rows of states as DataValues (OPC 10000-8, A.3.2). */
export function dataValuesOf(states: ItemStates): DataValue[] {
  const variants = states.values.toArray();
  return variants.map((variant, index) => dataValueOf(states, index, variant));
}

function dataValueOf(states: ItemStates, index: number, variant: Variant): DataValue {
  const error = states.errors[index] ?? hresult.E_FAIL;
  if (error < 0) return new DataValue({ statusCode: coerceStatusCode(statusOfHresult(error, "read")) });
  const ticks = states.timestamps[index] ?? 0n;
  return new DataValue({
    value: uaVariantOf(variant),
    statusCode: coerceStatusCode(statusOfQuality(states.qualities[index] ?? 0)),
    sourceTimestamp: ticks === 0n ? null : jsDateOfTicks(ticks),
  });
}

/** Reads and writes items by their ids, with IOPCItemIO where the server has it, else in a group of its own. */
export class DaItems {
  readonly #server: DaServer;
  readonly #facts = new Map<string, ItemFacts>();
  #scratch: Promise<void> | null = null;
  #lastHandle = 0;

  constructor(server: DaServer) {
    this.#server = server;
  }

  /** @throws (rejects) ServiceError where the server cannot be asked at all. */
  async read(itemIds: readonly string[], maxAgeMs: number, timeoutMs: number): Promise<DataValue[]> {
    if (itemIds.length === 0) return [];
    if (this.#hasItemIo) {
      const maxAgesMs = new Uint32Array(itemIds.length).fill(Math.min(maxAgeMs, 0xffff_ffff));
      const body = { server: 0, itemIds, maxAgesMs };
      return dataValuesOf(bodyOf(await this.#server.call("readItemIds", body, timeoutMs)));
    }
    return this.#inScratch(itemIds, timeoutMs, async (items, errors) => {
      const known = [...items].filter((_, index) => (errors[index] ?? -1) >= 0);
      const body = {
        server: 0,
        group: scratchGroup,
        source: 2,
        via: 0,
        maxAgeMs: 0,
        items: Uint32Array.from(known),
      };
      const read =
        known.length > 0 ? dataValuesOf(bodyOf(await this.#server.call("read", body, timeoutMs))) : [];
      return itemIds.map((_, index) => {
        const error = errors[index] ?? hresult.E_FAIL;
        return error >= 0
          ? (read.shift() ?? new DataValue({ statusCode: StatusCodes.BadUnexpectedError }))
          : new DataValue({ statusCode: coerceStatusCode(statusOfHresult(error, "read")) });
      });
    });
  }

  /** @throws (rejects) ServiceError where the server cannot be asked at all. */
  async write(
    writes: readonly { readonly itemId: string; readonly value: DataValue }[],
    timeoutMs: number,
  ): Promise<StatusCode[]> {
    if (writes.length === 0) return [];
    const values = Values.of(
      writes.map(({ value }) => (value.value ? daVariantOf(value.value) : emptyVariant)),
    );
    const itemIds = writes.map(({ itemId }) => itemId);
    const isPlain = writes.every(({ value }) => value.statusCode.isGood() && !value.sourceTimestamp);
    if (this.#hasItemIo) {
      const given = Uint8Array.from(
        writes,
        ({ value }) => (value.statusCode.isGood() ? 0 : 1) | (value.sourceTimestamp ? 2 : 0),
      );
      const body = {
        server: 0,
        itemIds,
        values,
        given: isPlain ? new Uint8Array() : given,
        qualities: Uint16Array.from(isPlain ? [] : writes, ({ value }) =>
          qualityOfStatus(value.statusCode.value),
        ),
        timestamps: BigUint64Array.from(isPlain ? [] : writes, ({ value }) =>
          value.sourceTimestamp ? ticksOfJsDate(value.sourceTimestamp) : 0n,
        ),
      };
      return statusesOf(bodyOf(await this.#server.call("writeItemIds", body, timeoutMs), "write").errors);
    }
    // OPC DA 2.05A writes values alone (OPC 10000-8, A.3.4)
    if (!isPlain) return writes.map(() => StatusCodes.BadWriteNotSupported);
    return this.#inScratch(itemIds, timeoutMs, async (items, errors) => {
      const isKnown = errors.every((error) => error >= 0);
      if (!isKnown)
        return statusesOf(Int32Array.from(errors, (error) => (error < 0 ? error : hresult.E_ABORT)));
      const none = {
        given: new Uint8Array(),
        qualities: new Uint16Array(),
        timestamps: new BigUint64Array(),
      };
      const body = { server: 0, group: scratchGroup, via: 0, items, values, ...none };
      return statusesOf(bodyOf(await this.#server.call("write", body, timeoutMs), "write").errors);
    });
  }

  /** Canonical types and access rights; remembered. @throws (rejects) ServiceError */
  async facts(itemIds: readonly string[], timeoutMs: number): Promise<ItemFacts[]> {
    const unknown = [...new Set(itemIds)].filter((itemId) => !this.#facts.has(itemId));
    if (unknown.length > 0) {
      await this.#ready(timeoutMs);
      const items = unknown.map((itemId, index) => definition(index + 1, itemId));
      const answer = bodyOf(
        await this.#server.call("validateItems", { server: 0, group: scratchGroup, items }, timeoutMs),
      );
      if (this.#facts.size > rememberedItems) this.#facts.clear();
      unknown.forEach((itemId, index) => {
        this.#facts.set(itemId, {
          error: answer.errors[index] ?? hresult.E_FAIL,
          canonicalType: answer.canonicalTypes[index] ?? 0,
          accessRights: answer.accessRights[index] ?? 0,
        });
      });
    }
    const none: ItemFacts = { error: hresult.E_FAIL, canonicalType: DataType.Null, accessRights: 0 };
    return itemIds.map((itemId) => this.#facts.get(itemId) ?? none);
  }

  get #hasItemIo(): boolean {
    return (this.#server.interfaces & serverInterfaces.itemIo) !== 0;
  }

  async #inScratch<T>(
    itemIds: readonly string[],
    timeoutMs: number,
    use: (items: Uint32Array, errors: Int32Array) => Promise<T>,
  ): Promise<T> {
    await this.#ready(timeoutMs);
    const items = itemIds.map((itemId) => {
      this.#lastHandle = (this.#lastHandle + 1) >>> 0 || 1;
      return definition(this.#lastHandle, itemId);
    });
    const handles = Uint32Array.from(items, ({ item }) => item);
    const added = bodyOf(
      await this.#server.call("addItems", { server: 0, group: scratchGroup, items }, timeoutMs),
    );
    try {
      return await use(handles, added.errors);
    } finally {
      const known = handles.filter((_, index) => (added.errors[index] ?? -1) >= 0);
      const body = { server: 0, group: scratchGroup, items: known };
      if (known.length > 0) await this.#server.call("removeItems", body, timeoutMs);
    }
  }

  #ready(timeoutMs: number): Promise<void> {
    this.#scratch ??= this.#server
      .call(
        "addGroup",
        {
          server: 0,
          group: scratchGroup,
          name: "",
          active: false,
          updateRateMs: scratchRateMs,
          timeBiasMinutes: 0,
          deadbandPercent: 0,
          locale: 0,
          keepAliveMs: 0,
        },
        timeoutMs,
      )
      .then((outcome) => {
        bodyOf(outcome);
      });
    return this.#scratch;
  }
}

function definition(item: number, itemId: string) {
  return { item, active: true, requestedType: 0, accessPath: "", itemId };
}

function statusesOf(errors: Int32Array): StatusCode[] {
  return [...errors].map((error) => coerceStatusCode(statusOfHresult(error, "write")));
}
