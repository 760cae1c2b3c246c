import { isDeepStrictEqual } from "node:util";
import { editObject } from "./edit.ts";
import type { MigrationRecord } from "./migrations/migrate.ts";
import { findPair, type NewPair } from "./pairs.ts";
import { nowhere, type ParsedProject, parseProjectText } from "./parse-project.ts";
import { type Pair, type Project, pairName } from "./project.ts";
import { ProjectError, type ProjectErrorCode, type ProjectProblem, quoted } from "./project-error.ts";
import { projectField, projectVersion, rootElementName } from "./schema.ts";
import { findServer, type NewServer } from "./servers.ts";
import { setAtPath } from "./set-at-path.ts";
import { applySplices, layoutOf } from "./splice.ts";
import { validateProject } from "./validate.ts";
import { firstIllegalCharacter } from "./xml-text.ts";

const byteOrderMark = "\uFEFF";

/**
 * A project file as it was read: the settings, and the text with all its comments, order and blanks.
 * A document never changes. Each edit gives a new one whose text differs only where the settings do, or
 * throws ProjectError and leaves everything as it was.
 */
export class ProjectDocument {
  /** The file it was read from, for messages. */
  readonly file: string;
  /** All settings, defaults filled in, frozen through and through. */
  readonly project: Project;
  /** How a file of an older version was read; it is saved in today's with the first change. null = today's. */
  readonly migration: MigrationRecord | null;
  readonly #read: string;
  readonly #text: string;
  readonly #mark: string;
  readonly #parsed: ParsedProject;

  constructor(text: string, file: string) {
    this.file = file;
    this.#mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
    this.#read = text;
    this.#parsed = parseProjectText(text.slice(this.#mark.length), file);
    this.#text = this.#parsed.text;
    this.migration = this.#parsed.migration;
    this.project = this.#parsed.project;
    Object.freeze(this);
  }

  /** The text of the file, byte for byte as it was read where nothing was changed. */
  toString(): string {
    return this.#read;
  }

  /** The same settings in today's version of the file; the document itself where it has that. */
  upgraded(): ProjectDocument {
    return this.migration === null ? this : new ProjectDocument(this.#mark + this.#text, this.file);
  }

  /** Adds a pair behind the others. Throws `PROJECT_NAME_DUPLICATE` where its name is taken. */
  addPair(pair: NewPair): ProjectDocument {
    return this.withProject({ ...this.project, pairs: [...this.project.pairs, pair] });
  }

  /** Throws `PAIR_UNKNOWN`. */
  removePair(name: string): ProjectDocument {
    const { index } = this.#find(name);
    return this.withProject({ ...this.project, pairs: this.project.pairs.toSpliced(index, 1) });
  }

  /** Adds a protected server behind the others. Throws `PROJECT_NAME_DUPLICATE` where its name is taken. */
  addServer(server: NewServer): ProjectDocument {
    return this.withProject({ ...this.project, servers: [...this.project.servers, server] });
  }

  /** Throws `SERVER_UNKNOWN`. */
  removeServer(name: string): ProjectDocument {
    const found = findServer(this.project, name);
    if (!found.ok) throw this.#error("SERVER_UNKNOWN", "servers", quoted(name), found.expected);
    return this.withProject({ ...this.project, servers: this.project.servers.toSpliced(found.index, 1) });
  }

  /**
   * Gives a pair another name, or with null its server's own. Throws `PAIR_UNKNOWN`, and
   * `PAIR_UNALIAS_REFUSED` while another pair is seen under the server's name (seed: Unaliasing).
   */
  setAlias(name: string, alias: string | null): ProjectDocument {
    const { pair, index } = this.#find(name);
    if (alias === null) {
      const owner = this.project.pairs.find(
        (other, at) => at !== index && pairName(other).toLowerCase() === pair.server.toLowerCase(),
      );
      if (owner !== undefined) {
        const path = `pairs/pair[${index + 1}]/alias`;
        const found = `another pair under the server's name ${quoted(pair.server)}`;
        const expected = "that pair to be aliased or removed first";
        throw this.#error("PAIR_UNALIAS_REFUSED", path, found, expected);
      }
    }
    return this.withProject({
      ...this.project,
      pairs: this.project.pairs.with(index, { ...pair, alias }),
    });
  }

  /**
   * Sets one value, e.g. `pairs/pair[2]/queryServerStatusInterval` to 250; null leaves the element out
   * (none, or the default). Objects and arrays are plain data. Throws `PROJECT_PATH_UNKNOWN`.
   */
  setValue(path: string, value: unknown): ProjectDocument {
    const result = setAtPath(this.project, path, value);
    if (result.ok) return this.withProject(result.value);
    throw this.#error("PROJECT_PATH_UNKNOWN", path, result.found, result.expected);
  }

  /** The path of a pair's element, for `setValue`. Throws `PAIR_UNKNOWN`. */
  pathOfPair(name: string): string {
    return `pairs/pair[${this.#find(name).index + 1}]`;
  }

  /**
   * The document whose settings are `next`: a project as plain data, where what is left out is the default.
   * Settings that stay the same keep their text. The version is the document's own affair: today's is written.
   */
  withProject(next: unknown): ProjectDocument {
    const result = validateProject(withTodaysVersion(next));
    if (!result.ok) {
      const problems = result.problems.slice(0, 100).map((problem) => ({ ...nowhere, ...problem }));
      const [first, ...others] = problems;
      if (first === undefined) throw new Error("an error needs a problem");
      throw new ProjectError(this.file, first, others);
    }
    this.#refuseUnwritable(result.project, "");
    const { root, places } = this.#parsed;
    const source = { text: this.#text, layout: layoutOf(this.#text, root), places };
    const splices = editObject(source, root, projectField, "", { ...this.project }, { ...result.project });
    if (splices.length === 0) return this;
    const document = new ProjectDocument(this.#mark + applySplices(this.#text, splices), this.file);
    if (!isDeepStrictEqual(document.project, result.project)) {
      throw new Error(`${this.file}: the text written does not say what was to be written`);
    }
    return document;
  }

  #find(name: string): { readonly pair: Pair; readonly index: number } {
    const found = findPair(this.project, name);
    if (found.ok) return found;
    throw this.#error("PAIR_UNKNOWN", "pairs", quoted(name), found.expected);
  }

  #refuseUnwritable(value: unknown, path: string): void {
    if (typeof value === "object" && value !== null) {
      for (const [name, member] of Object.entries(value)) this.#refuseUnwritable(member, `${path}/${name}`);
    } else if (typeof value === "string" && firstIllegalCharacter(value) !== -1) {
      const found = "a control character";
      throw this.#error("PROJECT_VALUE_INVALID", path.slice(1), found, "text that XML can hold");
    }
  }

  #error(code: ProjectErrorCode, path: string, found: string, expected: string): ProjectError {
    const problem: ProjectProblem = { ...nowhere, code, path, found, expected };
    return new ProjectError(this.file, problem);
  }
}

function withTodaysVersion(next: unknown): unknown {
  return typeof next === "object" && next !== null ? { ...next, version: projectVersion } : next;
}

/** Reads the text of a project file. `file` is for messages. Throws ProjectError. */
export function parseProject(text: string, file: string): ProjectDocument {
  return new ProjectDocument(text, file);
}

/** A project without pairs. */
export function newProject(file = "redundancymaster.xml"): ProjectDocument {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${rootElementName} version="${projectVersion}">\n</${rootElementName}>\n`;
  return new ProjectDocument(text, file);
}
