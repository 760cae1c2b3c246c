import { DataType, StatusCodes, type Variant } from "node-opcua";
import { tickAt, tickTimeMs } from "../clock.ts";
import type { Faults } from "../faults.ts";
import type { AddressSpace } from "./address-space.ts";
import { ids } from "./address-space.ts";
import type { ValueSource } from "./node.ts";
import { ComputedSource, StoredSource, scalar } from "./sources.ts";
import { addSwitches } from "./switches.ts";

export const systemFolder = "ns=1;s=_System";
/** Period of `_System.Watchdog`, in ms. */
export const watchdogPeriodMs = 100;

/**
 * The `_System` branch: values a monitor item can watch, and switches for every fault.
 * Writing a switch is answered before its effect sets in.
 */
export function addSystemItems(space: AddressSpace, faults: Faults, periodMs: number, nowMs: number): void {
  space.addObject(systemFolder, "_System", ids.objects);
  const add = (
    name: string,
    dataType: DataType,
    source: ValueSource,
    options: { readonly writable?: boolean; readonly faultable?: boolean } = {},
  ) =>
    space.addVariable(`ns=1;s=_System.${name}`, name, systemFolder, {
      dataType: `i=${dataType}`,
      source,
      ...options,
    });

  const dateTime = new ComputedSource(
    (now) => tickAt(now, periodMs),
    (now) => scalar(DataType.DateTime, new Date(tickTimeMs(tickAt(now, periodMs), periodMs))),
    (now) => tickTimeMs(tickAt(now, periodMs), periodMs),
  );
  add("DateTime", DataType.DateTime, dateTime, { faultable: true });

  const beat = (now: number) => tickAt(Math.min(now, faults.watchdogFrozenAtMs ?? now), watchdogPeriodMs);
  const watchdog = new ComputedSource(
    beat,
    (now) => scalar(DataType.UInt32, beat(now) >>> 0),
    (now) => tickTimeMs(beat(now), watchdogPeriodMs),
  );
  add("Watchdog", DataType.UInt32, watchdog, { faultable: true });

  const store = (name: string, value: Variant) =>
    add(name, value.dataType, new StoredSource(value, nowMs), { writable: true, faultable: true });
  store("Quality", scalar(DataType.Boolean, true));
  store("State", scalar(DataType.Int32, 0));

  addSwitches(space, faults, systemFolder, `${systemFolder}.Quality`);

  space.addMethod("ns=1;s=_System.Reset", "Reset", systemFolder, {
    inputs: [],
    call: () => {
      setImmediate(() => faults.reset(Date.now()));
      return { status: StatusCodes.Good, outputs: [] };
    },
  });
  space.addMethod("ns=1;s=_System.Add", "Add", systemFolder, {
    inputs: [
      { name: "a", dataType: DataType.Double },
      { name: "b", dataType: DataType.Double },
    ],
    call: ([a, b]) => ({
      status: StatusCodes.Good,
      outputs: [scalar(DataType.Double, Number(a?.value) + Number(b?.value))],
    }),
  });
}
