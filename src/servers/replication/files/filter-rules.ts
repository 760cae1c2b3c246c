import type { IncludeRule } from "./settings.ts";

/** Folder below the destination for what Understudy itself keeps there; never replicated. */
export const ownFolder = ".understudy";
/** Where rsync keeps what it has of a file whose transfer broke off; beside the file. */
export const partialFolder = ".understudy-partial";

/**
 * rsync filter rules, in order: the first that matches a path decides (rsync(1), FILTER RULES). What no rule
 * includes is neither sent nor, at the other end, an orphan.
 */
export function filterRules(include: readonly IncludeRule[]): readonly string[] {
  const own = [`- /${ownFolder}/`, `- ${partialFolder}/`];
  if (include.length === 0) return own;
  // a pattern would let the directories below in as well
  const closed = include
    .filter(
      ({ recursive, subdirectory }) => !recursive && !include.some((each) => reaches(each, subdirectory)),
    )
    .map(({ subdirectory }) => `- ${baseOf(subdirectory)}/*/`);
  const wanted = include.flatMap(({ subdirectory, patterns, recursive }) => {
    const base = baseOf(subdirectory);
    const files = patterns.map((pattern) => (pattern === "*.*" ? "*" : pattern));
    // directories first: rsync does not look into those that no rule includes
    return recursive
      ? [`+ ${base}/**/`, ...files.flatMap((file) => [`+ ${base}/${file}`, `+ ${base}/**/${file}`])]
      : files.map((file) => `+ ${base}/${file}`);
  });
  return [...own, ...new Set([...waysOf(include), ...closed, ...wanted]), "- *"];
}

/** The rules that lead to the subdirectories; before all that excludes any. */
function waysOf(include: readonly IncludeRule[]): string[] {
  return include.flatMap(({ subdirectory }) => {
    const names = subdirectory.split("/").filter((name) => name !== "");
    return names.map(
      (_, index) =>
        `+ /${names
          .slice(0, index + 1)
          .map(literal)
          .join("/")}/`,
    );
  });
}

/** True where the rule takes in what is below a subdirectory. */
function reaches(rule: IncludeRule, subdirectory: string): boolean {
  if (!rule.recursive) return false;
  const [outer, inner] = [baseOf(rule.subdirectory), baseOf(subdirectory)];
  return inner === outer || inner.startsWith(`${outer}/`);
}

function baseOf(subdirectory: string): string {
  const names = subdirectory.split("/").filter((name) => name !== "");
  return names.length === 0 ? "" : `/${names.map(literal).join("/")}`;
}

/** A name that stands for itself, whatever characters it has. */
function literal(name: string): string {
  return /[*?[\\]/.test(name) ? name.replace(/[*?[\\]/g, "\\$&") : name;
}
