import { DataType, type Variant, VariantArrayType } from "node-opcua";
import type { AddressSpace } from "./address-space.ts";
import { ids } from "./address-space.ts";
import { array, StoredSource, scalar, type Wave, WaveSource } from "./sources.ts";

export interface ItemCounts {
  readonly ramps: number;
  readonly sines: number;
  readonly writables: number;
}

/** Types of the Writable items, in turn. */
const writableTypes: readonly (readonly [DataType, unknown])[] = [
  [DataType.Double, 0],
  [DataType.Int32, 0],
  [DataType.Boolean, false],
  [DataType.String, ""],
  [DataType.Float, 0],
  [DataType.Int16, 0],
  [DataType.UInt16, 0],
  [DataType.UInt32, 0],
  [DataType.Byte, 0],
  [DataType.SByte, 0],
  [DataType.Int64, [0, 0]],
  [DataType.UInt64, [0, 0]],
  [DataType.DateTime, new Date(0)],
  [DataType.ByteString, Buffer.alloc(0)],
];

/** Ramps, Sines, Writables, a Text and an Array below Objects/Simulation. */
export function addSimulatedItems(
  space: AddressSpace,
  counts: ItemCounts,
  periodMs: number,
  nowMs: number,
): void {
  space.addObject("ns=1;s=Simulation", "Simulation", ids.objects);
  addWaves(space, "ramp", "Ramp", counts.ramps, periodMs);
  addWaves(space, "sine", "Sine", counts.sines, periodMs);
  space.addObject("ns=1;s=Writables", "Writables", "ns=1;s=Simulation");
  for (let index = 0; index < counts.writables; index++) {
    const [dataType, value] = writableTypes[index % writableTypes.length] ?? [DataType.Double, 0];
    addStored(space, `Writable${index}`, "ns=1;s=Writables", scalar(dataType, value), nowMs);
  }
  addStored(space, "Text", "ns=1;s=Simulation", scalar(DataType.String, "Understudy"), nowMs);
  const numbers = array(DataType.Double, new Float64Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  addStored(space, "Array", "ns=1;s=Simulation", numbers, nowMs);
}

function addWaves(space: AddressSpace, wave: Wave, name: string, count: number, periodMs: number): void {
  const folder = `ns=1;s=${name}s`;
  space.addObject(folder, `${name}s`, "ns=1;s=Simulation");
  for (let index = 0; index < count; index++) {
    space.addVariable(`ns=1;s=${name}${index}`, `${name}${index}`, folder, {
      dataType: `i=${DataType.Double}`,
      source: new WaveSource(wave, index, periodMs),
      faultable: true,
      minimumSamplingIntervalMs: 10,
    });
  }
}

function addStored(space: AddressSpace, name: string, parent: string, value: Variant, nowMs: number): void {
  space.addVariable(`ns=1;s=${name}`, name, parent, {
    dataType: `i=${value.dataType}`,
    valueRank: value.arrayType === VariantArrayType.Array ? 1 : -1,
    source: new StoredSource(value, nowMs),
    writable: true,
    faultable: true,
    minimumSamplingIntervalMs: 10,
  });
}
