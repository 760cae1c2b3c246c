import { nearest } from "./did-you-mean.ts";
import type { Field } from "./field.ts";
import type { Project } from "./project.ts";
import { projectField } from "./schema.ts";

export type SetResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly found: string; readonly expected: string };

/** The project with another value at a path such as `pairs/pair[1]/primary/machine`, as plain data. */
export function setAtPath(project: Project, path: string, value: unknown): SetResult {
  return set(projectField, project, path.split("/"), value);
}

function set(field: Field, current: unknown, segments: readonly string[], value: unknown): SetResult {
  const [segment, ...rest] = segments;
  if (segment === undefined) return { ok: true, value };
  if (field.kind === "object") {
    const property = field.properties.get(segment);
    if (property === undefined || property.attribute) return unknown(segment, [...field.properties.keys()]);
    const members = { ...(current as Readonly<Record<string, unknown>> | null) };
    const result = set(property, members[segment] ?? null, rest, value);
    if (!result.ok) return result;
    // Absent means none or the default, whichever the schema gives.
    if (result.value === null) delete members[segment];
    else members[segment] = result.value;
    return { ok: true, value: members };
  }
  if (field.kind === "array") {
    const items = (current ?? []) as readonly unknown[];
    const index = Number(new RegExp(`^${field.element}\\[([1-9][0-9]{0,5})\\]$`).exec(segment)?.[1] ?? 0) - 1;
    if (index < 0 || index >= items.length) {
      const expected =
        items.length === 0
          ? "no path here, the list is empty"
          : `${field.element}[1] to ${field.element}[${items.length}]`;
      return { ok: false, found: segment, expected };
    }
    const result = set(field.item, items[index], rest, value);
    if (!result.ok) return result;
    return {
      ok: true,
      value: result.value === null ? items.toSpliced(index, 1) : items.with(index, result.value),
    };
  }
  return { ok: false, found: `${segment} below a single value`, expected: "a path that ends there" };
}

function unknown(segment: string, known: readonly string[]): SetResult {
  const meant = nearest(segment, known);
  const expected = meant === null ? `one of ${known.join(", ")}` : `${meant}: did you mean that?`;
  return { ok: false, found: segment === "" ? "an empty name" : segment, expected };
}
