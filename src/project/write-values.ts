import { isDeepStrictEqual } from "node:util";
import type { Field, ObjectField } from "./field.ts";
import { encodeXmlValue } from "./xml-text.ts";

export interface Layout {
  /** Line end of the file. */
  readonly newline: "\n" | "\r\n";
  /** One level of indentation. */
  readonly unit: string;
}

/**
 * An element and all within it as XML, without indentation before its first line or a line end after its
 * last. Values that are the default are left out unless the schema says `x-writeDefault`.
 */
export function writeElement(
  name: string,
  field: Field,
  value: unknown,
  indent: string,
  layout: Layout,
): string {
  switch (field.kind) {
    case "object": {
      const children = writeProperties(field, value as Readonly<Record<string, unknown>>, indent, layout);
      return wrap(name, children, indent, layout);
    }
    case "array": {
      const items = (value as readonly unknown[]).map((item) =>
        writeElement(field.element, field.item, item, indent + layout.unit, layout),
      );
      return wrap(name, items, indent, layout);
    }
    default:
      return `<${name}>${encodeXmlValue(String(value)).replaceAll("\n", layout.newline)}</${name}>`;
  }
}

/** The children to write of an object, each as XML. */
export function writeProperties(
  field: ObjectField,
  value: Readonly<Record<string, unknown>>,
  indent: string,
  layout: Layout,
): string[] {
  return [...field.properties]
    .filter(([name, property]) => isWritten(property, value[name], field.required.has(name)))
    .map(([name, property]) => writeElement(name, property, value[name], indent + layout.unit, layout));
}

function isWritten(field: Field, value: unknown, required: boolean): boolean {
  if (field.attribute || value === null || value === undefined) return false;
  if (required || field.writeDefault) return true;
  if (field.kind === "object" && field.default !== null) {
    const members = value as Readonly<Record<string, unknown>>;
    return [...field.properties].some(([name, member]) =>
      isWritten(member, members[name], field.required.has(name)),
    );
  }
  return !isDeepStrictEqual(value, field.default);
}

function wrap(name: string, children: readonly string[], indent: string, layout: Layout): string {
  if (children.length === 0) return `<${name}/>`;
  const lines = children.map((child) => `${layout.newline}${indent}${layout.unit}${child}`).join("");
  return `<${name}>${lines}${layout.newline}${indent}</${name}>`;
}
