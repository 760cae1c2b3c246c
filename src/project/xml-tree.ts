import { XMLParser, XMLValidator } from "fast-xml-parser";
import { endOfTag, type GuardFault, guardXml } from "./xml-guard.ts";

/** An element and where it stands in the text; offsets in UTF-16 units. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Offset of its `<`. */
  readonly start: number;
  /** Offset behind its last `>`. */
  readonly end: number;
  /** The text between the tags; both are `end` for `<a/>`. */
  readonly contentStart: number;
  readonly contentEnd: number;
}

export type XmlTreeResult =
  | { readonly ok: true; readonly root: XmlElement }
  | { readonly ok: false; readonly fault: GuardFault };

interface ParsedNode {
  readonly ":@"?: Readonly<Record<string, string>>;
  readonly [key: string | symbol]: unknown;
}

const metadata = XMLParser.getMetaDataSymbol() as symbol;

/** Reads the elements of an XML document. Comments and blanks stay where they are, in the text. */
export function readXmlTree(text: string): XmlTreeResult {
  const fault = guardXml(text);
  if (fault !== null) return { ok: false, fault };
  const wellFormed = XMLValidator.validate(text);
  if (wellFormed !== true) {
    const { line, col, msg } = wellFormed.err;
    return broken(offsetOf(text, line, col), msg);
  }
  let parsed: readonly ParsedNode[];
  try {
    parsed = newParser().parse(text) as readonly ParsedNode[];
  } catch (error) {
    return broken(0, error instanceof Error ? error.message : String(error));
  }
  const elements = elementsOf(parsed, text);
  const root = elements[0];
  if (root === undefined) return failure(0, "no element", "one root element");
  const outside = firstContent(text.slice(root.end));
  if (outside !== -1) {
    return failure(root.end + outside, `content after </${root.name}>`, "one root element");
  }
  return { ok: true, root };
}

function broken(offset: number, reason: string): XmlTreeResult {
  return failure(offset, `broken XML (${reason.slice(0, 200).replace(/\.$/, "")})`, "well-formed XML");
}

function failure(offset: number, found: string, expected: string): XmlTreeResult {
  return { ok: false, fault: { kind: "xml", offset, found, expected } };
}

function newParser(): XMLParser {
  return new XMLParser({
    preserveOrder: true,
    captureMetaData: true,
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    // Entities are decoded by xml-text.ts, which knows no others than the predefined ones.
    processEntities: false,
    ignoreDeclaration: true,
    // Keeps element names like "constructor" out of the parser's own name checks; names are read from the text.
    transformTagName: (name) => `:${name}`,
  });
}

function elementsOf(nodes: readonly ParsedNode[], text: string): XmlElement[] {
  const elements: XmlElement[] = [];
  for (const node of nodes) {
    const place = node[metadata] as { readonly startIndex: number; readonly endIndex?: number } | undefined;
    if (place?.endIndex === undefined) continue;
    const key = Object.keys(node).find((name) => name !== ":@") ?? "";
    const children = node[key];
    elements.push(
      elementOf(
        place.startIndex,
        place.endIndex,
        attributesOf(node[":@"]),
        Array.isArray(children) ? (children as readonly ParsedNode[]) : [],
        text,
      ),
    );
  }
  return elements;
}

function elementOf(
  start: number,
  end: number,
  attributes: Readonly<Record<string, string>>,
  children: readonly ParsedNode[],
  text: string,
): XmlElement {
  const name = /^<([^\s/>]*)/.exec(text.slice(start, start + 300))?.[1] ?? "";
  const tagEnd = endOfTag(text, start);
  const closed = tagEnd === end;
  return Object.freeze({
    name,
    attributes,
    children: Object.freeze(elementsOf(children, text)),
    start,
    end,
    contentStart: closed ? end : tagEnd,
    contentEnd: closed ? end : text.lastIndexOf("</", end - 1),
  });
}

function attributesOf(
  parsed: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(parsed ?? {})) attributes[name.slice(1)] = value;
  return Object.freeze(attributes);
}

/** Offset of the first thing in `text` that is neither blank nor a comment; -1 = none. */
export function firstContent(text: string): number {
  const blank = /(?:[ \t\r\n]+|<!--[\s\S]*?-->)/y;
  let at = 0;
  while (at < text.length) {
    blank.lastIndex = at;
    if (!blank.test(text)) return at;
    at = blank.lastIndex;
  }
  return -1;
}

/** Offset of a line and column, both from 1. */
function offsetOf(text: string, line: number, column: number | undefined): number {
  let offset = 0;
  for (let current = 1; current < line; current += 1) {
    const next = text.indexOf("\n", offset);
    if (next === -1) break;
    offset = next + 1;
  }
  return Math.min(text.length, offset + (column ?? 1) - 1);
}

/** Line and column of an offset, both from 1. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}
