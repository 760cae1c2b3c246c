import { DataType, StatusCodes, type Variant } from "node-opcua";
import { tickAt, tickTimeMs } from "../clock.ts";
import { defaultBadStatus, type Faults } from "../faults.ts";
import type { AddressSpace } from "./address-space.ts";
import { ids } from "./address-space.ts";
import type { ValueSource } from "./node.ts";
import { ComputedSource, StoredSource, scalar } from "./sources.ts";

export const systemFolder = "ns=1;s=_System";
/** Period of `_System.Watchdog`, in ms. */
export const watchdogPeriodMs = 100;

const untilReleased = 0xffff_ffff;

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

  const store = (name: string, value: Variant, onWrite?: (value: Variant) => void, faultable = false) =>
    add(name, value.dataType, new StoredSource(value, nowMs, onWrite), { writable: true, faultable });
  // A switch takes effect after its write has been answered.
  const later = (action: (now: number) => void) => setImmediate(() => action(Date.now()));

  store("Quality", scalar(DataType.Boolean, true), undefined, true);
  store("State", scalar(DataType.Int32, 0), undefined, true);
  store("QualityGood", scalar(DataType.Boolean, true), ({ value }) =>
    later((now) => faults.setQuality(`${systemFolder}.Quality`, value ? 0 : defaultBadStatus, now)),
  );
  store("AllGood", scalar(DataType.Boolean, true), ({ value }) =>
    later((now) => faults.setQuality("*", value ? 0 : defaultBadStatus, now)),
  );
  store("BadItem", scalar(DataType.String, ""), ({ value }) =>
    later((now) => faults.setQuality(String(value), defaultBadStatus, now)),
  );
  store("GoodItem", scalar(DataType.String, ""), ({ value }) =>
    later((now) => faults.setQuality(String(value), 0, now)),
  );
  store("WatchdogFrozen", scalar(DataType.Boolean, false), ({ value }) =>
    later((now) => faults.freezeWatchdog(Boolean(value), now)),
  );
  store("Hang", scalar(DataType.UInt32, 0), ({ value }) =>
    later(() =>
      value === 0 ? faults.release() : faults.hang(value === untilReleased ? null : Number(value)),
    ),
  );
  store("Slow", scalar(DataType.UInt32, 0), ({ value }) => later(() => faults.slow(Number(value))));
  store("RefuseConnections", scalar(DataType.Boolean, false), ({ value }) =>
    later(() => faults.refuse({ connections: Boolean(value) })),
  );
  store("RefuseSessions", scalar(DataType.Boolean, false), ({ value }) =>
    later(() => faults.refuse({ sessions: Boolean(value) })),
  );
  store("DropConnections", scalar(DataType.Boolean, false), ({ value }) =>
    later(() => value && faults.dropConnections()),
  );
  store("ShutdownSeconds", scalar(DataType.UInt32, 0), ({ value }) =>
    later((now) => faults.beginShutdown(Number(value) * 1000, "asked for", now)),
  );

  space.addMethod("ns=1;s=_System.Reset", "Reset", systemFolder, {
    inputs: [],
    call: () => {
      later((now) => faults.reset(now));
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
