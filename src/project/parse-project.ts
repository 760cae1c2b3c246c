import { basename } from "node:path";
import { type MigrationRecord, migrate } from "./migrations/migrate.ts";
import type { Project } from "./project.ts";
import { ProjectError, type ProjectErrorCode, type ProjectProblem } from "./project-error.ts";
import { type PlacedProblem, readValues } from "./read-values.ts";
import { projectField, projectVersion, rootElementName } from "./schema.ts";
import { type ValueProblem, validateProject } from "./validate.ts";
import { positionOf, readXmlTree, type XmlElement } from "./xml-tree.ts";

/** Largest project file, in bytes. */
export const maximumProjectBytes = 4 * 1024 * 1024;

export interface ParsedProject {
  readonly project: Project;
  /** The text in today's version, to which `root` and `places` belong. */
  readonly text: string;
  /** How an older file was read; null = it has today's version. */
  readonly migration: MigrationRecord | null;
  readonly root: XmlElement;
  readonly places: ReadonlyMap<string, XmlElement>;
}

/** Reads and checks the text of a project (without byte order mark). Throws ProjectError, and nothing else. */
export function parseProjectText(text: string, file: string): ParsedProject {
  // A UTF-16 unit is at least one byte: cheap enough to be asked before anything else.
  if (text.length > maximumProjectBytes || Buffer.byteLength(text) > maximumProjectBytes) {
    throw tooLarge(file, Buffer.byteLength(text));
  }
  const tree = readXmlTree(text);
  if (!tree.ok) {
    const { kind, offset, found, expected } = tree.fault;
    throw errorOf(file, text, [{ code: faultCodes[kind], path: "", offset, found, expected }]);
  }
  if (tree.root.name !== rootElementName) {
    const expected = `<${rootElementName} version="${projectVersion}"> as the root element of ${basename(file)}`;
    const problem = {
      code: "PROJECT_ELEMENT_UNKNOWN",
      path: tree.root.name,
      offset: tree.root.start,
    } as const;
    throw errorOf(file, text, [{ ...problem, found: `<${tree.root.name}>`, expected }]);
  }
  const migrated = migrate(text, tree.root);
  const { root } = migrated;
  const read = readValues(migrated.text, root, projectField);
  const result = validateProject(read.value);
  if (result.ok && read.problems.length === 0) {
    return {
      project: result.project,
      text: migrated.text,
      migration: migrated.record,
      root,
      places: read.places,
    };
  }
  const placed = result.ok ? [] : result.problems.map((problem) => place(problem, read.places));
  // Named where they stand in the file, also where that is of an older version.
  const problems = [...read.problems, ...placed].map((problem) => ({
    ...problem,
    offset: migrated.originOf(problem.offset),
  }));
  throw errorOf(file, text, problems);
}

const faultCodes: Readonly<Record<"xml" | "doctype" | "encoding", ProjectErrorCode>> = {
  xml: "PROJECT_XML_INVALID",
  doctype: "PROJECT_DOCTYPE_REFUSED",
  encoding: "PROJECT_ENCODING_INVALID",
};

export function tooLarge(file: string, bytes: number): ProjectError {
  const found = `${bytes} bytes`;
  const expected = `a project of at most ${maximumProjectBytes} bytes`;
  return new ProjectError(file, { ...nowhere, code: "PROJECT_TOO_LARGE", found, expected });
}

/** A problem of the file as a whole, without a place in it. */
export const nowhere = Object.freeze({ path: "", line: null, column: null });

function place(problem: ValueProblem, places: ReadonlyMap<string, XmlElement>): PlacedProblem {
  const element = placeOf(problem.path, places);
  // What is missing is known at the end of the element around it: a misspelt one within comes first.
  const order = problem.code === "PROJECT_ELEMENT_MISSING" ? element.contentEnd : element.start;
  return { ...problem, offset: element.start, order };
}

/** The element of a path, or the nearest one around it. */
function placeOf(path: string, places: ReadonlyMap<string, XmlElement>): XmlElement {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
    const element = places.get(at);
    if (element !== undefined) return element;
    if (at === "") throw new Error("the root element has no place");
  }
}

/** One problem a path, in the order of the file. */
function errorOf(file: string, text: string, placed: readonly PlacedProblem[]): ProjectError {
  const firsts = new Map<string, PlacedProblem>();
  for (const problem of placed) {
    const key = problem.code === "PROJECT_ELEMENT_DUPLICATE" ? `${problem.path} again` : problem.path;
    if (!firsts.has(key)) firsts.set(key, problem);
  }
  const sorted = [...firsts.values()].sort((a, b) => orderOf(a) - orderOf(b)).slice(0, 100);
  const [first, ...others] = sorted.map(
    ({ code, path, offset, found, expected }): ProjectProblem =>
      Object.freeze({ code, path, ...positionOf(text, offset), found, expected }),
  );
  if (first === undefined) throw new Error("an error needs a problem");
  return new ProjectError(file, first, others);
}

function orderOf(problem: PlacedProblem): number {
  return problem.order ?? problem.offset;
}
