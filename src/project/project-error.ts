import { UnderstudyError } from "../core/error.ts";

/** Codes of a problem with a project file or with an edit of one. */
export type ProjectErrorCode =
  | "PROJECT_NOT_FOUND"
  | "PROJECT_UNREADABLE"
  | "PROJECT_UNWRITABLE"
  | "PROJECT_TOO_LARGE"
  | "PROJECT_ENCODING_INVALID"
  | "PROJECT_DOCTYPE_REFUSED"
  | "PROJECT_XML_INVALID"
  | "PROJECT_VERSION_UNSUPPORTED"
  | "PROJECT_ELEMENT_UNKNOWN"
  | "PROJECT_ELEMENT_DUPLICATE"
  | "PROJECT_ELEMENT_MISSING"
  | "PROJECT_ATTRIBUTE_UNKNOWN"
  | "PROJECT_TEXT_UNEXPECTED"
  | "PROJECT_VALUE_INVALID"
  | "PROJECT_SECRET_IN_PLAIN"
  | "PROJECT_NAME_DUPLICATE"
  | "PROJECT_PORT_CONFLICT"
  | "PROJECT_PATH_UNKNOWN"
  | "PAIR_UNKNOWN"
  | "PAIR_UNALIAS_REFUSED";

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
