import {
  BinaryStream,
  DataType,
  type DataValue,
  encodeVariant,
  type StatusCode,
  StatusCodes,
  Variant,
  VariantArrayType,
} from "node-opcua";
import { tickAt, tickTimeMs } from "../clock.ts";
import type { Sample, ValueSource, WritableSource } from "./node.ts";

/** The bytes of a Variant. */
export function encodedVariant(variant: Variant): Buffer {
  const stream = BinaryStream.createGrowable(256, 16 * 1024 * 1024);
  encodeVariant(variant, stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}

/** The value of a Ramp or Sine; a pure function of item and tick. */
export type Wave = "ramp" | "sine";

export const sinePeriodTicks = 600;

export function waveValue(wave: Wave, index: number, tick: number): number {
  if (wave === "ramp") return tick + index;
  return Math.sin((2 * Math.PI * ((tick + index * 7) % sinePeriodTicks)) / sinePeriodTicks);
}

/** A Double that changes with every tick. */
export class WaveSource implements ValueSource {
  readonly wave: Wave;
  readonly index: number;
  readonly #periodMs: number;

  constructor(wave: Wave, index: number, periodMs: number) {
    this.wave = wave;
    this.index = index;
    this.#periodMs = periodMs;
  }

  version(nowMs: number): number {
    return tickAt(nowMs, this.#periodMs);
  }

  sample(nowMs: number): Sample {
    const tick = tickAt(nowMs, this.#periodMs);
    const variant = Buffer.allocUnsafe(9);
    variant[0] = DataType.Double;
    variant.writeDoubleLE(waveValue(this.wave, this.index, tick), 1);
    return { variant, status: 0, sourceTimeMs: tickTimeMs(tick, this.#periodMs) };
  }
}

/** A value computed anew at every look, e.g. the current time. */
export class ComputedSource implements ValueSource {
  readonly version: (nowMs: number) => number;
  readonly #compute: (nowMs: number) => Variant;
  readonly #timeMs: (nowMs: number) => number;

  /** `timeMs` gives the SourceTimestamp; by default the time of the look. */
  constructor(
    version: (nowMs: number) => number,
    compute: (nowMs: number) => Variant,
    timeMs: (nowMs: number) => number = (nowMs) => nowMs,
  ) {
    this.version = version;
    this.#compute = compute;
    this.#timeMs = timeMs;
  }

  sample(nowMs: number): Sample {
    return {
      variant: encodedVariant(this.#compute(nowMs)),
      status: 0,
      sourceTimeMs: this.#timeMs(nowMs),
    };
  }
}

/** A value that stays until it is set. */
export class StoredSource implements WritableSource {
  #value: Variant;
  #sample: Sample;
  #version = 0;

  constructor(value: Variant, nowMs: number) {
    this.#value = value;
    this.#sample = { variant: encodedVariant(value), status: 0, sourceTimeMs: nowMs };
  }

  get value(): Variant {
    return this.#value;
  }

  version(): number {
    return this.#version;
  }

  sample(): Sample {
    return this.#sample;
  }

  /** Sets the value from within. */
  set(value: Variant, nowMs: number, status = 0): void {
    this.#value = value;
    this.#sample = { variant: encodedVariant(value), status, sourceTimeMs: nowMs };
    this.#version++;
  }

  /** Writes of Value, StatusCode and SourceTimestamp are kept (Part 4, 5.11.4). */
  write(written: DataValue, nowMs: number): StatusCode {
    const value = written.value;
    if (
      value.dataType !== this.#value.dataType ||
      (value.arrayType === VariantArrayType.Scalar) !== (this.#value.arrayType === VariantArrayType.Scalar)
    ) {
      return StatusCodes.BadTypeMismatch;
    }
    this.set(value, written.sourceTimestamp?.getTime() ?? nowMs, written.statusCode.value);
    return StatusCodes.Good;
  }
}

/** Scalars of the built-in types, for {@link StoredSource}. */
export function scalar(dataType: DataType, value: unknown): Variant {
  return new Variant({ dataType, value, arrayType: VariantArrayType.Scalar });
}

export function array(dataType: DataType, value: unknown): Variant {
  return new Variant({ dataType, value, arrayType: VariantArrayType.Array });
}
