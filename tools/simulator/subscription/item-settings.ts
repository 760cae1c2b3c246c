/** TimestampsToReturn (Part 4, 7.40). */
export const Timestamps = Object.freeze({ source: 0, server: 1, both: 2, neither: 3 });

/** MonitoringMode (Part 4, 7.23). */
export const Monitoring = Object.freeze({ disabled: 0, sampling: 1, reporting: 2 });

/** DataChangeTrigger (Part 4, 7.22.2). */
export const Trigger = Object.freeze({ status: 0, statusValue: 1, statusValueTimestamp: 2 });

/** The parameters of a monitored item after revision. */
export interface ItemSettings {
  readonly clientHandle: number;
  readonly samplingIntervalMs: number;
  readonly queueSize: number;
  readonly discardOldest: boolean;
  readonly timestamps: number;
  readonly trigger: number;
  /** Absolute deadband; 0 = none. */
  readonly deadband: number;
}

/** Bit 0x02 of a DataValue's encoding mask, and the like (Part 6, 5.2.2.17). */
export const dataValueMask = Object.freeze({ value: 1, status: 2, sourceTimestamp: 4, serverTimestamp: 8 });

/** InfoType DataValue with the Overflow bit (Part 4, 7.39.1). */
export const overflowBits = 0x0480;

export function hasSourceTimestamp(timestamps: number): boolean {
  return timestamps === Timestamps.source || timestamps === Timestamps.both;
}

export function hasServerTimestamp(timestamps: number): boolean {
  return timestamps === Timestamps.server || timestamps === Timestamps.both;
}
