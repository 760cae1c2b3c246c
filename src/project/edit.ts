import { isDeepStrictEqual } from "node:util";
import { alignArrays } from "./align.ts";
import type { ArrayField, Field, ObjectField } from "./field.ts";
import { childPath } from "./read-values.ts";
import { type Insertion, insertChildren, removeElement, replaceValue, type Splice } from "./splice.ts";
import { type Layout, writeElement } from "./write-values.ts";
import type { XmlElement } from "./xml-tree.ts";

/** The text being changed and where its elements stand. */
export interface EditSource {
  readonly text: string;
  readonly layout: Layout;
  readonly places: ReadonlyMap<string, XmlElement>;
}

type Values = Readonly<Record<string, unknown>>;

/**
 * The fewest changes of the text that turn the values `before` into `after`. Both have all defaults filled
 * in. What is equal in both is not touched, so hand-made layout, order and comments stay.
 */
export function editObject(
  source: EditSource,
  element: XmlElement,
  field: ObjectField,
  path: string,
  before: Values,
  after: Values,
): Splice[] {
  const splices: Splice[] = [];
  const insertions: Insertion[] = [];
  for (const [name, property] of field.properties) {
    const value = after[name];
    if (property.attribute || isDeepStrictEqual(before[name], value)) continue;
    const at = childPath(path, name);
    const child = source.places.get(at);
    if (child === undefined) {
      const anchor = anchorOf(element, field, name);
      insertions.push({
        after: anchor,
        write: (indent) => writeElement(name, property, value, indent, source.layout),
      });
    } else if (value === null) {
      splices.push(removeElement(source.text, child));
    } else {
      splices.push(...editField(source, child, property, at, before[name], value));
    }
  }
  return [...splices, ...insertChildren(source.text, element, insertions, source.layout)];
}

function editField(
  source: EditSource,
  element: XmlElement,
  field: Field,
  path: string,
  before: unknown,
  after: unknown,
): Splice[] {
  switch (field.kind) {
    case "object":
      return editObject(source, element, field, path, before as Values, after as Values);
    case "array":
      return editArray(
        source,
        element,
        field,
        path,
        before as readonly unknown[],
        after as readonly unknown[],
      );
    default:
      return [replaceValue(source.text, element, String(after), source.layout)];
  }
}

function editArray(
  source: EditSource,
  element: XmlElement,
  field: ArrayField,
  path: string,
  before: readonly unknown[],
  after: readonly unknown[],
): Splice[] {
  const splices: Splice[] = [];
  const insertions: Insertion[] = [];
  const itemAt = (index: number): { readonly at: string; readonly item: XmlElement } => {
    const at = childPath(path, `${field.element}[${index + 1}]`);
    const item = source.places.get(at);
    if (item === undefined) throw new Error(`${at} has no place in the text`);
    return { at, item };
  };
  let kept: XmlElement | null = null;
  for (const step of alignArrays(before, after)) {
    switch (step.kind) {
      case "keep": {
        const { at, item } = itemAt(step.before);
        kept = item;
        if (!isDeepStrictEqual(before[step.before], after[step.after])) {
          splices.push(...editField(source, item, field.item, at, before[step.before], after[step.after]));
        }
        break;
      }
      case "remove":
        splices.push(removeElement(source.text, itemAt(step.before).item));
        break;
      case "insert": {
        const value = after[step.after];
        const write = (indent: string): string =>
          writeElement(field.element, field.item, value, indent, source.layout);
        insertions.push({ after: kept, write });
        break;
      }
    }
  }
  return [...splices, ...insertChildren(source.text, element, insertions, source.layout)];
}

/** The child after which a new property goes, so that a file in the schema's order stays so. */
function anchorOf(element: XmlElement, field: ObjectField, name: string): XmlElement | null {
  const order = [...field.properties.keys()];
  const limit = order.indexOf(name);
  let anchor: XmlElement | null = null;
  let best = -1;
  for (const child of element.children) {
    const index = order.indexOf(child.name);
    if (index < limit && index > best) {
      anchor = child;
      best = index;
    }
  }
  return anchor;
}
