import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { Values } from "./values.ts";
import type { Variant } from "./variant.ts";
import { readVariant, writeVariant } from "./variant-codec.ts";

/** How one field is read and written; messages are put together from these. */
export interface Field<T> {
  /** Least number of bytes it takes. */
  readonly least: number;
  read(reader: ByteReader): T;
  write(writer: ByteWriter, value: T): void;
}

export type FieldValue<F> = F extends Field<infer T> ? T : never;
type Fields = Readonly<Record<string, Field<never> | Field<unknown>>>;
export type StructValue<S> = { readonly [K in keyof S]: FieldValue<S[K]> };

function field<T>(
  least: number,
  read: (reader: ByteReader) => T,
  write: (writer: ByteWriter, value: T) => void,
): Field<T> {
  return Object.freeze({ least, read, write });
}

export const u8 = field<number>(
  1,
  (reader) => reader.u8(),
  (writer, value) => writer.u8(value),
);
export const bool = field<boolean>(
  1,
  (reader) => reader.bool(),
  (writer, value) => writer.bool(value),
);
export const u16 = field<number>(
  2,
  (reader) => reader.u16(),
  (writer, value) => writer.u16(value),
);
export const u32 = field<number>(
  4,
  (reader) => reader.u32(),
  (writer, value) => writer.u32(value),
);
export const i32 = field<number>(
  4,
  (reader) => reader.i32(),
  (writer, value) => writer.i32(value),
);
export const f32 = field<number>(
  4,
  (reader) => reader.f32(),
  (writer, value) => writer.f32(value),
);
/** 100 ns intervals since 1601-01-01 UTC. */
export const filetime = field<bigint>(
  8,
  (reader) => reader.u64(),
  (writer, value) => writer.u64(value),
);
export const u64 = filetime;
export const text = field<string>(
  4,
  (reader) => reader.text(),
  (writer, value) => writer.text(value),
);
export const textOrNull = field<string | null>(
  4,
  (reader) => reader.textOrNull(),
  (writer, value) => writer.textOrNull(value),
);
/** In braces, upper case: {63D5F432-CFE4-11D1-B2C8-0060083BA1FB}. */
export const guid = field<string>(16, readGuid, writeGuid);
export const variant = field<Variant>(2, (reader) => readVariant(reader), writeVariant);
export const values = field<Values>(6, Values.read, (writer, value) => value.write(writer));

export const u8s = field<Uint8Array>(
  4,
  (reader) => Uint8Array.from(reader.bytes(reader.count(1))),
  (writer, value) => writer.column(value),
);
export const u16s = field<Uint16Array>(
  4,
  (reader) => reader.u16s(),
  (writer, value) => writer.column(value),
);
export const u32s = field<Uint32Array>(
  4,
  (reader) => reader.u32s(),
  (writer, value) => writer.column(value),
);
export const i32s = field<Int32Array>(
  4,
  (reader) => reader.i32s(),
  (writer, value) => writer.column(value),
);
export const filetimes = field<BigUint64Array>(
  4,
  (reader) => reader.u64s(),
  (writer, value) => writer.column(value),
);

export function list<T>(element: Field<T>): Field<readonly T[]> {
  return field<readonly T[]>(
    4,
    (reader) => {
      const count = reader.count(element.least);
      const elements: T[] = [];
      for (let index = 0; index < count; index++) elements.push(element.read(reader));
      return elements;
    },
    (writer, elements) => {
      writer.u32(elements.length);
      for (const element_ of elements) element.write(writer, element_);
    },
  );
}

/** Fields one after another, in the order in which they are written here. */
export function struct<S extends Fields>(fields: S): Field<StructValue<S>> {
  const entries = Object.entries(fields) as [string, Field<unknown>][];
  const least = entries.reduce((sum, [, each]) => sum + each.least, 0);
  return field<StructValue<S>>(
    least,
    (reader) => {
      const value: Record<string, unknown> = {};
      for (const [name, each] of entries) value[name] = each.read(reader);
      return value as StructValue<S>;
    },
    (writer, value) => {
      const record = value as Readonly<Record<string, unknown>>;
      for (const [name, each] of entries) each.write(writer, record[name]);
    },
  );
}

function readGuid(reader: ByteReader): string {
  const bytes = reader.bytes(16);
  const hex = (from: number, to: number) => bytes.toString("hex", from, to);
  const data1 = bytes.readUInt32LE(0).toString(16).padStart(8, "0");
  const data2 = bytes.readUInt16LE(4).toString(16).padStart(4, "0");
  const data3 = bytes.readUInt16LE(6).toString(16).padStart(4, "0");
  return `{${data1}-${data2}-${data3}-${hex(8, 10)}-${hex(10, 16)}}`.toUpperCase();
}

function writeGuid(writer: ByteWriter, value: string): void {
  const match = /^\{?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}?$/i.exec(value);
  if (!match) throw new TypeError(`${value} is no GUID`);
  const [, data1 = "", data2 = "", data3 = "", data4 = "", rest = ""] = match;
  writer.u32(Number.parseInt(data1, 16));
  writer.u16(Number.parseInt(data2, 16));
  writer.u16(Number.parseInt(data3, 16));
  writer.bytes(Buffer.from(data4 + rest, "hex"));
}
