import type { Layout } from "./write-values.ts";
import { encodeXmlValue, leadingBlanks, trailingBlanks } from "./xml-text.ts";
import type { XmlElement } from "./xml-tree.ts";

/** Replaces `text.slice(start, end)` by `replacement`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Applies splices that do not overlap; those at one place keep their order. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const sorted = splices.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let result = "";
  let from = 0;
  for (const { start, end, replacement } of sorted) {
    if (start < from) throw new Error(`changes of the project overlap at offset ${start}`);
    result += text.slice(from, start) + replacement;
    from = end;
  }
  return result + text.slice(from);
}

/** Line end and indentation as the text has them. */
export function layoutOf(text: string, root: XmlElement): Layout {
  const first = root.children[0];
  const indent = first === undefined ? "" : indentAt(text, first.start);
  return {
    newline: /\r\n|\n/.exec(text)?.[0] === "\r\n" ? "\r\n" : "\n",
    unit: first !== undefined && isMultiline(text, root) && indent !== "" ? indent : "  ",
  };
}

/** The blanks before `offset` on its line, where there is nothing else before it. */
export function indentAt(text: string, offset: number): string {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? "";
}

/** The first child stands on a line after its parent's start tag. */
function isMultiline(text: string, element: XmlElement): boolean {
  const first = element.children[0];
  return first === undefined || text.slice(element.contentStart, first.start).includes("\n");
}

/** The end of the line when nothing but blanks and comments follows on it, else `offset`. */
function endOfLine(text: string, offset: number): number {
  const rest = /(?:[ \t]*<!--(?:(?!-->)[^\n])*-->)*[ \t]*(?=\r?\n)/y;
  rest.lastIndex = offset;
  return rest.test(text) ? rest.lastIndex : offset;
}

/** Takes an element out, with its lines where it has them for itself. Comments beside it stay. */
export function removeElement(text: string, element: XmlElement): Splice {
  const lineStart = text.lastIndexOf("\n", element.start - 1) + 1;
  const alone = /^[ \t]*$/.test(text.slice(lineStart, element.start));
  const after = /[ \t]*\r?\n/y;
  after.lastIndex = element.end;
  return alone && after.test(text)
    ? { start: lineStart, end: after.lastIndex, replacement: "" }
    : { start: element.start, end: element.end, replacement: "" };
}

/** Puts another value into an element without children; comments within it stay. */
export function replaceValue(text: string, element: XmlElement, value: string, layout: Layout): Splice {
  const encoded = encodeXmlValue(value).replaceAll("\n", layout.newline);
  if (element.contentStart === element.end) {
    const replacement = `${openedTag(text, element)}${encoded}</${element.name}>`;
    return { start: element.start, end: element.end, replacement };
  }
  const content = text.slice(element.contentStart, element.contentEnd);
  let placed = false;
  const replaced = content.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|[^<]+/g, (piece) => {
    if (piece.startsWith("<!--") || leadingBlanks(piece) === piece.length) return piece;
    const replacement = placed ? "" : encoded;
    placed = true;
    return piece.startsWith("<![CDATA[") ? replacement : withBlanksOf(piece, replacement);
  });
  const replacement = placed ? replaced : encoded + replaced;
  return { start: element.contentStart, end: element.contentEnd, replacement };
}

function withBlanksOf(piece: string, replacement: string): string {
  const end = piece.length - trailingBlanks(piece);
  return piece.slice(0, leadingBlanks(piece)) + replacement + piece.slice(end);
}

/** `<a/>` as `<a>`. */
function openedTag(text: string, element: XmlElement): string {
  return `${text.slice(element.start, element.end - 2).trimEnd()}>`;
}

export interface Insertion {
  /** The child after which it goes; null = before all. */
  readonly after: XmlElement | null;
  /** Writes the new child for the indentation it gets. */
  readonly write: (indent: string) => string;
}

/** Puts new children into an element, each on a line of its own where the element is laid out so. */
export function insertChildren(
  text: string,
  parent: XmlElement,
  insertions: readonly Insertion[],
  layout: Layout,
): Splice[] {
  if (insertions.length === 0) return [];
  const parentIndent = indentAt(text, parent.start);
  const first = parent.children[0];
  if (first === undefined) {
    const indent = parentIndent + layout.unit;
    const lines = insertions.map(({ write }) => `${layout.newline}${indent}${write(indent)}`).join("");
    const tail = `${layout.newline}${parentIndent}`;
    if (parent.contentStart === parent.end) {
      const replacement = `${openedTag(text, parent)}${lines}${tail}</${parent.name}>`;
      return [{ start: parent.start, end: parent.end, replacement }];
    }
    const content = text.slice(parent.contentStart, parent.contentEnd);
    const kept = parent.contentStart + content.trimEnd().length;
    return [{ start: kept, end: parent.contentEnd, replacement: `${lines}${tail}` }];
  }
  const multiline = isMultiline(text, parent);
  const indent = multiline ? indentAt(text, first.start) : parentIndent + layout.unit;
  return insertions.map(({ after, write }) => {
    const anchor = after === null ? parent.contentStart : after.end;
    const start = multiline ? endOfLine(text, anchor) : anchor;
    const replacement = multiline ? `${layout.newline}${indent}${write(indent)}` : write(indent);
    return { start, end: start, replacement };
  });
}
