import { DataType, type DataValue, type StatusCode, StatusCodes, VariantArrayType } from "node-opcua";
import { defaultBadStatus, type Faults } from "../faults.ts";
import type { AddressSpace } from "./address-space.ts";
import type { Sample, WritableSource } from "./node.ts";
import { encodedVariant, scalar } from "./sources.ts";

/** Value of `Hang` that holds until the hang is released. */
const untilReleased = 0xffff_ffff;

/** A fault as an item: reading it tells whether the fault is on, writing it turns it on or off. */
interface Switch {
  readonly dataType: DataType;
  readonly read: () => boolean | number | string;
  readonly apply: (value: unknown, nowMs: number) => void;
}

class SwitchSource implements WritableSource {
  readonly #switch: Switch;

  constructor(of: Switch) {
    this.#switch = of;
  }

  version(): number {
    return Number(this.#switch.read()) || 0;
  }

  sample(nowMs: number): Sample {
    const { dataType, read } = this.#switch;
    return { variant: encodedVariant(scalar(dataType, read())), status: 0, sourceTimeMs: nowMs };
  }

  write({ value }: DataValue): StatusCode {
    const { dataType, apply } = this.#switch;
    if (value.dataType !== dataType || value.arrayType !== VariantArrayType.Scalar) {
      return StatusCodes.BadTypeMismatch;
    }
    // The write is answered first: what it brings about may be that nothing is answered any more.
    setImmediate(() => apply(value.value, Date.now()));
    return StatusCodes.Good;
  }
}

/** Adds a writable item for every fault; `qualityItem` is the one that `QualityGood` concerns. */
export function addSwitches(space: AddressSpace, faults: Faults, folder: string, qualityItem: string): void {
  const boolean = DataType.Boolean;
  const number = DataType.UInt32;
  const switches: Readonly<Record<string, Switch>> = {
    QualityGood: {
      dataType: boolean,
      read: () => faults.badness(qualityItem) === null,
      apply: (good, now) => faults.setQuality(qualityItem, good ? 0 : defaultBadStatus, now),
    },
    AllGood: {
      dataType: boolean,
      read: () => !faults.isAllBad,
      apply: (good, now) => faults.setQuality("*", good ? 0 : defaultBadStatus, now),
    },
    BadItem: {
      dataType: DataType.String,
      read: () => "",
      apply: (item, now) => faults.setQuality(String(item), defaultBadStatus, now),
    },
    GoodItem: {
      dataType: DataType.String,
      read: () => "",
      apply: (item, now) => faults.setQuality(String(item), 0, now),
    },
    WatchdogFrozen: {
      dataType: boolean,
      read: () => faults.watchdogFrozenAtMs !== null,
      apply: (frozen, now) => faults.freezeWatchdog(Boolean(frozen), now),
    },
    Hang: {
      dataType: number,
      read: () => 0,
      apply: (forMs) =>
        forMs === 0 ? faults.release() : faults.hang(forMs === untilReleased ? null : Number(forMs)),
    },
    Slow: {
      dataType: number,
      read: () => faults.slowMs,
      apply: (delayMs) => faults.slow(Number(delayMs)),
    },
    RefuseConnections: {
      dataType: boolean,
      read: () => faults.refuseConnections,
      apply: (connections) => faults.refuse({ connections: Boolean(connections) }),
    },
    RefuseSessions: {
      dataType: boolean,
      read: () => faults.refuseSessions,
      apply: (sessions) => faults.refuse({ sessions: Boolean(sessions) }),
    },
    DropConnections: {
      dataType: boolean,
      read: () => false,
      apply: (drop) => {
        if (drop) faults.dropConnections();
      },
    },
    ShutdownSeconds: {
      dataType: number,
      read: () => 0,
      apply: (seconds, now) => faults.beginShutdown(Number(seconds) * 1000, "asked for", now),
    },
  };
  for (const [name, of] of Object.entries(switches)) {
    space.addVariable(`${folder}.${name}`, name, folder, {
      dataType: `i=${of.dataType}`,
      source: new SwitchSource(of),
      writable: true,
    });
  }
}
