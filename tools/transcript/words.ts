/** A line of a transcript taken apart: plain words, "quoted texts" and key=value options. */
export interface Words {
  readonly words: readonly string[];
  readonly texts: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** Splits `linkLost primary link=3 "cable pulled"`; an option's value may be quoted. Throws on a lone quote. */
export function splitWords(line: string): Words {
  const words: string[] = [];
  const texts: string[] = [];
  const options = new Map<string, string>();
  const token = /\s*(?:(\w+)=)?("(?:[^"\\]|\\.)*"|[^\s"]+)\s*/y;
  while (token.lastIndex < line.length) {
    const at = token.lastIndex;
    const match = token.exec(line);
    if (match === null) throw new Error(`cannot read "${line.slice(at)}" in: ${line}`);
    const [, key, raw = ""] = match;
    const quoted = raw.startsWith('"');
    const value = quoted ? String(JSON.parse(raw)) : raw;
    if (key !== undefined) options.set(key, value);
    else if (quoted) texts.push(value);
    else words.push(value);
  }
  return { words, texts, options };
}

export function quote(text: string): string {
  return JSON.stringify(text);
}

/** The value if it is one of `allowed`; else an error that says what was expected. */
export function oneOf<const T extends string>(
  allowed: readonly T[],
  value: string | undefined,
  what: string,
): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw new Error(`${what}: expected ${allowed.join(", ")}, not ${value ?? "nothing"}`);
  return found;
}
