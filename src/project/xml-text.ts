/** Text in XML: characters, entities, and which blanks belong to a value. */

/** A place in the text that is not allowed there. */
export interface XmlFault {
  readonly offset: number;
  readonly found: string;
  readonly expected: string;
}

export type XmlTextResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: XmlFault };

const entities: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** Everything outside XML 1.0's Char production, lone surrogates included. */
const notXmlCharacter = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Offset of the first character that XML 1.0 does not allow; -1 = none. */
export function firstIllegalCharacter(text: string): number {
  return text.search(notXmlCharacter);
}

/** Decodes the predefined entities and character references of `raw`, which starts at `offset` of the file. */
export function decodeXml(raw: string, offset: number): XmlTextResult {
  let text = "";
  let from = 0;
  for (let at = raw.indexOf("&"); at !== -1; at = raw.indexOf("&", from)) {
    text += raw.slice(from, at);
    const semicolon = raw.slice(at + 1, at + 33).indexOf(";");
    const name = semicolon === -1 ? null : raw.slice(at + 1, at + 1 + semicolon);
    const character = name === null ? null : entityText(name);
    if (name === null || character === null) {
      const found = name === null ? "a single &" : `the reference &${name};`;
      const expected = "&amp; for &, or one of &lt; &gt; &quot; &apos; &#NUMBER;";
      return { ok: false, fault: { offset: offset + at, found, expected } };
    }
    text += character;
    from = at + name.length + 2;
  }
  return { ok: true, text: from === 0 ? raw : text + raw.slice(from) };
}

function entityText(name: string): string | null {
  const named = entities.get(name);
  if (named !== undefined) return named;
  const digits = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (digits === null) return null;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  if (code > 0x10ffff) return null;
  const character = String.fromCodePoint(code);
  return notXmlCharacter.test(character) ? null : character;
}

/**
 * The value of an element without children: comments left out, CDATA taken as it is, blanks at the ends
 * cut where they are mere layout. Blanks written as `&#x20;` or in CDATA belong to the value.
 */
export function readXmlValue(content: string, offset: number): XmlTextResult {
  const pieces: Piece[] = [];
  for (const match of content.matchAll(/<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|[^<]+/g)) {
    if (match[0].startsWith("<!--")) continue;
    const literal = match[1] !== undefined;
    const text = (match[1] ?? match[0]).replace(/\r\n?/g, "\n");
    if (text !== "") pieces.push({ text, literal, offset: offset + match.index });
  }
  for (const piece of pieces) {
    if (piece.literal) break;
    const blanks = leadingBlanks(piece.text);
    piece.text = piece.text.slice(blanks);
    piece.offset += blanks;
    if (piece.text !== "") break;
  }
  for (const piece of pieces.toReversed()) {
    if (piece.literal) break;
    piece.text = piece.text.slice(0, piece.text.length - trailingBlanks(piece.text));
    if (piece.text !== "") break;
  }
  let value = "";
  for (const piece of pieces) {
    const decoded = piece.literal
      ? { ok: true as const, text: piece.text }
      : decodeXml(piece.text, piece.offset);
    if (!decoded.ok) return decoded;
    value += decoded.text;
  }
  return { ok: true, text: value };
}

interface Piece {
  text: string;
  readonly literal: boolean;
  offset: number;
}

/** Blanks of XML; JavaScript's trim() takes more, e.g. U+FEFF, which belong to a value. */
const blanks = " \t\r\n";

export function leadingBlanks(text: string): number {
  let count = 0;
  while (count < text.length && blanks.includes(text.charAt(count))) count += 1;
  return count;
}

export function trailingBlanks(text: string): number {
  let count = 0;
  while (count < text.length && blanks.includes(text.charAt(text.length - 1 - count))) count += 1;
  return count;
}

/** Writes a value so that `readXmlValue` gives it back. Illegal characters must have been refused before. */
export function encodeXmlValue(value: string): string {
  const escaped = value
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/\r/g, "&#xD;");
  const start = leadingBlanks(escaped);
  const rest = escaped.slice(start);
  const end = rest.length - trailingBlanks(rest);
  return references(escaped.slice(0, start)) + rest.slice(0, end) + references(rest.slice(end));
}

function references(text: string): string {
  return Array.from(text, (blank) => `&#x${blank.charCodeAt(0).toString(16).toUpperCase()};`).join("");
}
