import { firstIllegalCharacter, type XmlFault } from "./xml-text.ts";

/** Elements within one another; the project needs 6. */
const maximumDepth = 32;
/** The longest tag of a project has 40 characters. */
const maximumTagLength = 500;
/** More than a file of the largest size has with the largest sensible number of pairs. */
const maximumElements = 200_000;

export type GuardFault = XmlFault & { readonly kind: "xml" | "doctype" | "encoding" };

/**
 * Refuses in one pass, in time proportional to the text, all that a project never needs and that has made
 * parsers stumble: DOCTYPE (with it all entity declarations), processing instructions, `<` in attributes,
 * control characters, deep nesting. The parser behind it sees only what passed here.
 */
export function guardXml(text: string): GuardFault | null {
  const illegal = firstIllegalCharacter(text);
  if (illegal !== -1) {
    const code = text.codePointAt(illegal) ?? 0;
    const found = `the character U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    return xml(illegal, found, "characters that XML 1.0 allows");
  }
  const declaration = readDeclaration(text);
  if (typeof declaration !== "number") return declaration;
  return scan(text, declaration);
}

function xml(offset: number, found: string, expected: string): GuardFault {
  return { kind: "xml", offset, found, expected };
}

/** The end of the XML declaration; 0 where there is none. */
function readDeclaration(text: string): number | GuardFault {
  if (!/^<\?xml[ \t\r\n]/.test(text)) return 0;
  const head = text.slice(0, 1000);
  const match =
    /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*("[^"<>]*"|'[^'<>]*'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"yes"|"no"|'yes'|'no'))?[ \t\r\n]*\?>/.exec(
      head,
    );
  if (match === null) {
    return xml(0, "a malformed XML declaration", `<?xml version="1.0" encoding="UTF-8"?>`);
  }
  const encoding = match[1]?.slice(1, -1) ?? "UTF-8";
  if (!/^(utf-8|us-ascii)$/i.test(encoding)) {
    return { kind: "encoding", offset: 0, found: `the encoding ${encoding}`, expected: "UTF-8" };
  }
  return match[0].length;
}

function scan(text: string, start: number): GuardFault | null {
  let depth = 0;
  let elements = 0;
  let at = text.indexOf("<", start);
  while (at !== -1) {
    let end: number;
    if (text.startsWith("<!--", at)) {
      end = text.indexOf("--", at + 4);
      if (end === -1) return xml(at, "a comment without an end", "--> after it");
      if (text.charAt(end + 2) !== ">") return xml(end, "-- within a comment", "--> at its end only");
      end += 3;
    } else if (text.startsWith("<![CDATA[", at)) {
      end = text.indexOf("]]>", at + 9);
      if (end === -1) return xml(at, "a CDATA section without an end", "]]> after it");
      end += 3;
    } else if (/^<!doctype/i.test(text.slice(at, at + 9))) {
      const expected = "no document type: entity and element declarations are refused";
      return { kind: "doctype", offset: at, found: "a DOCTYPE", expected };
    } else if (text.startsWith("<!", at)) {
      return xml(at, "<!", "an element, a comment or a CDATA section");
    } else if (text.startsWith("<?", at)) {
      return xml(at, "a processing instruction", "at most the XML declaration at the very start");
    } else {
      end = endOfTag(text, at);
      if (end === -1) return xml(at, "a tag without an end", "> after it, and no < within it");
      if (end - at > maximumTagLength) {
        return xml(at, `a tag of ${end - at} characters`, `at most ${maximumTagLength}`);
      }
      elements += 1;
      if (elements > maximumElements) return xml(at, "too many elements", `at most ${maximumElements}`);
      if (text.charAt(at + 1) === "/") depth -= 1;
      else if (text.charAt(end - 2) !== "/") depth += 1;
      if (depth > maximumDepth) {
        return xml(at, "elements nested too deep", `at most ${maximumDepth} within one another`);
      }
    }
    at = text.indexOf("<", end);
  }
  return null;
}

/** Offset behind the `>` of the tag that starts at `start`; -1 where it is broken. */
export function endOfTag(text: string, start: number): number {
  let quote = "";
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "<") return -1;
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") {
      quote = character;
    } else if (character === ">") {
      return at + 1;
    }
  }
  return -1;
}
