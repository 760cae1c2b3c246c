import { nearest } from "./did-you-mean.ts";
import { type ArrayField, expectationOf, type Field, type ObjectField, type StringField } from "./field.ts";
import { type ProjectErrorCode, quoted } from "./project-error.ts";
import { decodeXml, readXmlValue } from "./xml-text.ts";
import { firstContent, type XmlElement } from "./xml-tree.ts";

/** A problem before its offset in the text has become a line and a column. */
export interface PlacedProblem {
  readonly code: ProjectErrorCode;
  readonly path: string;
  readonly offset: number;
  /** Where it comes among the others, if that is not its offset. */
  readonly order?: number;
  readonly found: string;
  readonly expected: string;
}

export interface ReadValues {
  /** Plain data as the JSON Schema describes it, without defaults. Values that could not be read are absent. */
  readonly value: Record<string, unknown>;
  readonly problems: readonly PlacedProblem[];
  /** Where the element of each path stands. */
  readonly places: ReadonlyMap<string, XmlElement>;
}

/** XML elements to plain data: element names are property names, an array is a wrapper of repeated children. */
export function readValues(text: string, root: XmlElement, field: ObjectField): ReadValues {
  const reading: Reading = { text, problems: [], places: new Map() };
  return { value: readObject(reading, root, field, ""), problems: reading.problems, places: reading.places };
}

/** Keeps a file of garbage from filling the memory. */
const maximumProblems = 1000;

interface Reading {
  readonly text: string;
  readonly problems: PlacedProblem[];
  readonly places: Map<string, XmlElement>;
}

/** Path of a child: `pairs` + `pair[2]` = `pairs/pair[2]`. */
export function childPath(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}

function readField(reading: Reading, element: XmlElement, field: Field, path: string): unknown {
  if (field.kind !== "object") refuseAttributes(reading, element, path, []);
  switch (field.kind) {
    case "object":
      return readObject(reading, element, field, path);
    case "array":
      return readArray(reading, element, field, path);
    default:
      return readScalar(reading, element, field, path);
  }
}

function readObject(
  reading: Reading,
  element: XmlElement,
  field: ObjectField,
  path: string,
): Record<string, unknown> {
  reading.places.set(path, element);
  refuseText(reading, element, path);
  const value: Record<string, unknown> = {};
  const attributes = [...field.properties].filter(([, property]) => property.attribute);
  refuseAttributes(
    reading,
    element,
    path,
    attributes.map(([name]) => name),
  );
  for (const [name, property] of attributes) {
    const raw = element.attributes[name];
    if (raw === undefined) continue;
    const decoded = decodeXml(raw, element.start);
    const read = decoded.ok ? scalarOf(decoded.text.trim(), property) : undefined;
    if (read === undefined) addInvalid(reading, element.start, property, childPath(path, `@${name}`), raw);
    else value[name] = read;
  }
  for (const child of element.children) {
    const at = childPath(path, child.name);
    const property = field.properties.get(child.name);
    if (property === undefined || property.attribute) {
      addUnknown(reading, child, at, [...field.properties.keys()]);
    } else if (reading.places.has(at)) {
      addProblem(reading, "PROJECT_ELEMENT_DUPLICATE", child.start, at, "a second one", "it once at most");
    } else {
      reading.places.set(at, child);
      const read = readField(reading, child, property, at);
      if (read !== undefined) value[child.name] = read;
    }
  }
  return value;
}

function readArray(reading: Reading, element: XmlElement, field: ArrayField, path: string): unknown[] {
  refuseText(reading, element, path);
  if (element.children.length > field.maxItems) {
    const found = `${element.children.length} elements`;
    addProblem(reading, "PROJECT_VALUE_INVALID", element.start, path, found, `at most ${field.maxItems}`);
    return [];
  }
  const values: unknown[] = [];
  for (const child of element.children) {
    if (child.name !== field.element) {
      addUnknown(reading, child, childPath(path, child.name), [field.element]);
      continue;
    }
    const at = childPath(path, `${field.element}[${values.length + 1}]`);
    reading.places.set(at, child);
    values.push(readField(reading, child, field.item, at));
  }
  return values;
}

function readScalar(reading: Reading, element: XmlElement, field: Field, path: string): unknown {
  const child = element.children[0];
  if (child !== undefined) {
    addProblem(
      reading,
      "PROJECT_ELEMENT_UNKNOWN",
      child.start,
      childPath(path, child.name),
      `<${child.name}>`,
      `${expectationOf(field)} here, no elements`,
    );
    return undefined;
  }
  const content = reading.text.slice(element.contentStart, element.contentEnd);
  const result = readXmlValue(content, element.contentStart);
  if (!result.ok) {
    const { offset, found, expected } = result.fault;
    const shown = isSecret(field) ? "a reference that XML does not know (not shown)" : found;
    addProblem(reading, "PROJECT_XML_INVALID", offset, path, shown, expected);
    return undefined;
  }
  const value = scalarOf(result.text, field);
  if (value === undefined) addInvalid(reading, element.start, field, path, result.text);
  return value;
}

/** Text to value by the field's type; undefined where it is none. */
function scalarOf(text: string, field: Field): string | number | boolean | undefined {
  switch (field.kind) {
    case "string":
      return text;
    case "integer":
      return /^(0|-?[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "object":
    case "array":
      return undefined;
  }
}

function refuseText(reading: Reading, element: XmlElement, path: string): void {
  let from = element.contentStart;
  for (const child of [...element.children, null]) {
    const to = child?.start ?? element.contentEnd;
    const at = firstContent(reading.text.slice(from, to));
    if (at !== -1) {
      // The text is not shown: it may be a password that stands one level too high.
      addProblem(reading, "PROJECT_TEXT_UNEXPECTED", from + at, path, "text", "elements only");
      return;
    }
    from = child?.end ?? to;
  }
}

function refuseAttributes(
  reading: Reading,
  element: XmlElement,
  path: string,
  known: readonly string[],
): void {
  const name = Object.keys(element.attributes).find((attribute) => !known.includes(attribute));
  if (name === undefined) return;
  const expected = known.length === 0 ? "no attributes" : `no attribute but ${known.join(", ")}`;
  addProblem(
    reading,
    "PROJECT_ATTRIBUTE_UNKNOWN",
    element.start,
    childPath(path, `@${name}`),
    `the attribute ${name}`,
    expected,
  );
}

function addUnknown(reading: Reading, child: XmlElement, path: string, known: readonly string[]): void {
  if (reading.problems.length >= maximumProblems) return;
  const meant = nearest(child.name, known);
  const expected =
    meant !== null
      ? `<${meant}>: did you mean that?`
      : known.length === 1
        ? `<${known[0]}>`
        : `one of ${known.filter((name) => name !== "version").join(", ")}`;
  addProblem(reading, "PROJECT_ELEMENT_UNKNOWN", child.start, path, `<${child.name}>`, expected);
}

function addInvalid(reading: Reading, offset: number, field: Field, path: string, text: string): void {
  addProblem(reading, invalidCode(field), offset, path, foundText(field, text), expectationOf(field));
}

/** The code of a value that its field refuses. */
export function invalidCode(field: Field): ProjectErrorCode {
  if (field.attribute) return "PROJECT_VERSION_UNSUPPORTED";
  return field.kind === "string" && field.secretReference
    ? "PROJECT_SECRET_IN_PLAIN"
    : "PROJECT_VALUE_INVALID";
}

/** A refused value for a message; a secret is never shown. */
export function foundText(field: Field, value: unknown): string {
  if (isSecret(field)) return "a value that is no reference (not shown)";
  if (typeof value === "string") return value === "" ? "nothing" : quoted(value);
  return quoted(JSON.stringify(value) ?? "nothing").slice(1, -1);
}

function isSecret(field: Field): field is StringField {
  return field.kind === "string" && field.secretReference;
}

function addProblem(
  reading: Reading,
  code: ProjectErrorCode,
  offset: number,
  path: string,
  found: string,
  expected: string,
): void {
  if (reading.problems.length < maximumProblems)
    reading.problems.push({ code, path, offset, found, expected });
}
