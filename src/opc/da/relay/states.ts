import { hresult } from "../mapping/hresult.ts";
import type { DataChange } from "../upstream/da-server.ts";
import type { ItemStates } from "../wire/requests.ts";
import { Values } from "../wire/values.ts";
import { emptyVariant } from "../wire/variant.ts";

/** States that say nothing but a quality. */
export function statesOfQuality(count: number, quality: number, filetime: bigint): ItemStates {
  return {
    errors: new Int32Array(count).fill(hresult.S_OK),
    qualities: new Uint16Array(count).fill(quality),
    timestamps: new BigUint64Array(count).fill(filetime),
    values: Values.of(new Array(count).fill(emptyVariant)),
  };
}

/** A data change that gives items a quality and no value. */
export function changeOfQuality(
  group: number,
  items: readonly number[],
  quality: number,
  filetime: bigint,
): DataChange {
  return {
    server: 0,
    group,
    transaction: 0,
    masterQuality: hresult.S_FALSE,
    masterError: hresult.S_OK,
    items: Uint32Array.from(items),
    ...statesOfQuality(items.length, quality, filetime),
  };
}
