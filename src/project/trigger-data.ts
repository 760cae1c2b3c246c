import type { DataType, MonitorItem } from "./project.ts";

export type TriggerDataResult =
  | { readonly ok: true; readonly data: string }
  | { readonly ok: false; readonly expected: string };

const day = 86_400_000;

/** Whole numbers by type: least and greatest value. */
const integerRanges: ReadonlyMap<DataType, readonly [bigint, bigint]> = new Map([
  ["Char", [-128n, 127n]],
  ["Byte", [0n, 255n]],
  ["Short", [-32768n, 32767n]],
  ["Word", [0n, 65535n]],
  ["Long", [-2147483648n, 2147483647n]],
  ["DWord", [0n, 4294967295n]],
  ["LLong", [-9223372036854775808n, 9223372036854775807n]],
  ["QWord", [0n, 18446744073709551615n]],
]);

/**
 * The trigger data in the form values of that type are compared in: `true`, `12.5`, `abc`, an ISO time.
 * With the type Default, text is taken as it is.
 */
export function canonicalTriggerData(item: MonitorItem): TriggerDataResult {
  switch (item.trigger) {
    case "badQuality":
      return item.triggerData === "" ? accept("") : refuse("nothing, since the trigger is badQuality");
    case "noChange": {
      const milliseconds = /^[0-9]{1,8}$/.test(item.triggerData) ? Number(item.triggerData) : 0;
      return milliseconds >= 1 && milliseconds <= day
        ? accept(String(milliseconds))
        : refuse(`a time in ms from 1 to ${day}, since the trigger is noChange`);
    }
    case "specificValue":
      return item.triggerData === ""
        ? refuse("a value to compare with, since the trigger is specificValue")
        : canonicalValue(item.dataType, item.triggerData);
  }
}

function canonicalValue(type: DataType, text: string): TriggerDataResult {
  switch (type) {
    case "Default":
    case "String":
      return accept(text);
    case "Boolean":
      if (/^(true|1|-1)$/i.test(text)) return accept("true");
      return /^(false|0)$/i.test(text) ? accept("false") : refuse("true or false (1 or 0)");
    case "Float":
    case "Double": {
      const value = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,4})?$/i.test(text)
        ? Number(text)
        : Number.NaN;
      if (!Number.isFinite(value)) return refuse(`a number, since the data type is ${type}`);
      return accept(String(type === "Float" ? Math.fround(value) : value));
    }
    case "Date": {
      const time = Date.parse(text);
      return /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text) && Number.isFinite(time)
        ? accept(new Date(time).toISOString())
        : refuse("a time such as 2030-01-31T12:00:00Z, since the data type is Date");
    }
    default: {
      const [least, greatest] = integerRanges.get(type) ?? [0n, 0n];
      const value = /^[+-]?[0-9]{1,20}$/.test(text) ? BigInt(text.replace(/^\+/, "")) : null;
      return value !== null && value >= least && value <= greatest
        ? accept(String(value))
        : refuse(`a whole number from ${least} to ${greatest}, since the data type is ${type}`);
    }
  }
}

function accept(data: string): TriggerDataResult {
  return { ok: true, data };
}

function refuse(expected: string): TriggerDataResult {
  return { ok: false, expected };
}
