import { UnderstudyError } from "../core/error.ts";

/** Codes of a problem with a project file or with an edit of one, and what each means. */
export const projectErrorMeanings = Object.freeze({
  PROJECT_NOT_FOUND: "There is no such file.",
  PROJECT_UNREADABLE: "The file cannot be read, or it is no regular file.",
  PROJECT_UNWRITABLE: "The file cannot be written; it is as it was.",
  PROJECT_TOO_LARGE: "The file is larger than 4 MiB.",
  PROJECT_ENCODING_INVALID: "The file is not in UTF-8.",
  PROJECT_DOCTYPE_REFUSED: "The file has a DOCTYPE, which could declare entities.",
  PROJECT_XML_INVALID: "The file is not well-formed XML, or has XML that a project never needs.",
  PROJECT_VERSION_UNSUPPORTED:
    "The root element's version is missing, or none that this release reads (1 and 2).",
  PROJECT_ELEMENT_UNKNOWN:
    "An element that the project does not know, usually misspelt or in the wrong place.",
  PROJECT_ELEMENT_DUPLICATE: "An element that may stand once stands there twice.",
  PROJECT_ELEMENT_MISSING: "An element that must be given is not there.",
  PROJECT_ATTRIBUTE_UNKNOWN: "An attribute; only the root element has one.",
  PROJECT_TEXT_UNEXPECTED: "Text where only elements may stand.",
  PROJECT_VALUE_INVALID: "A value of the wrong type, out of its range, or at odds with another one.",
  PROJECT_SECRET_IN_PLAIN: "A password is not given as env:NAME or file:PATH.",
  PROJECT_NAME_DUPLICATE: "Two pairs or servers are seen under the same name; a pair may have an alias.",
  PROJECT_PORT_CONFLICT: "A pair's own port is the shared one or another pair's.",
  PROJECT_PATH_UNKNOWN: "A path that leads to no element of the project.",
  PAIR_UNKNOWN: "No pair is seen under that name.",
  SERVER_UNKNOWN: "No protected server has that name.",
  PAIR_UNALIAS_REFUSED: "The alias cannot go while another pair is seen under the server's own name.",
});

export type ProjectErrorCode = keyof typeof projectErrorMeanings;

/** One thing that is wrong with a project. */
export interface ProjectProblem {
  readonly code: ProjectErrorCode;
  /** Path in the project, e.g. `pairs/pair[2]/primary/machine`; empty for the file as a whole. */
  readonly path: string;
  /** From 1; null where the problem has no place in the text. */
  readonly line: number | null;
  readonly column: number | null;
  /** What was found, ready for a sentence; a secret is never shown. */
  readonly found: string;
  /** What was expected instead. */
  readonly expected: string;
}

/** A project that cannot be read, used or changed. The message is about the first problem in the file's order. */
export class ProjectError extends UnderstudyError {
  readonly file: string;
  /** Path in the project of the first problem; empty for the file as a whole. */
  readonly path: string;
  readonly line: number | null;
  readonly column: number | null;
  /** All problems found, in the file's order, at most a hundred. */
  readonly problems: readonly ProjectProblem[];

  constructor(
    file: string,
    first: ProjectProblem,
    others: readonly ProjectProblem[] = [],
    options?: { readonly cause?: unknown },
  ) {
    super(first.code, messageOf(file, first, others.length), options);
    this.name = "ProjectError";
    this.file = file;
    this.path = first.path;
    this.line = first.line;
    this.column = first.column;
    this.problems = Object.freeze([first, ...others]);
  }
}

/** `file:line:column: path: found ..., expected ...` */
export function problemText(file: string, problem: ProjectProblem): string {
  const place = problem.line === null ? file : `${file}:${problem.line}:${problem.column ?? 1}`;
  const path = problem.path === "" ? "" : `${problem.path}: `;
  return `${place}: ${path}found ${problem.found}, expected ${problem.expected}`;
}

function messageOf(file: string, first: ProjectProblem, others: number): string {
  const more = others === 0 ? "" : ` (and ${others} more ${others === 1 ? "problem" : "problems"})`;
  return `${problemText(file, first)}${more}`;
}

/** A value as it is shown in a message: quoted, on one line, at most 60 characters. */
export function quoted(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return JSON.stringify(short);
}
