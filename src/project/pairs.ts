import { nearest } from "./did-you-mean.ts";
import { type MemberSettings, type Pair, type Project, pairName } from "./project.ts";

/** A type whose properties may be left out at every level. */
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? readonly DeepPartial<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
    : T;

/** What must be said of a new pair; all else has a default. */
export type NewPair = DeepPartial<Omit<Pair, "server" | "protocol" | "primary" | "secondary">> & {
  readonly server: string;
  readonly protocol: Pair["protocol"];
  readonly primary: NewMember;
  readonly secondary: NewMember;
};

export type NewMember = DeepPartial<Omit<MemberSettings, "machine">> & { readonly machine: string };

export type FoundPair =
  | { readonly ok: true; readonly pair: Pair; readonly index: number }
  | { readonly ok: false; readonly expected: string };

/** The pair that clients see under this name. Upper and lower case are the same (ProgIDs know no case). */
export function findPair(project: Project, name: string): FoundPair {
  const index = project.pairs.findIndex((pair) => pairName(pair).toLowerCase() === name.toLowerCase());
  const pair = project.pairs[index];
  if (pair !== undefined) return { ok: true, pair, index };
  const names = project.pairs.map(pairName);
  const meant = nearest(name, names);
  if (meant !== null) return { ok: false, expected: `${meant}: did you mean that?` };
  if (names.length === 0) return { ok: false, expected: "a pair, but the project has none" };
  return { ok: false, expected: `the name of a pair: ${names.slice(0, 20).join(", ")}` };
}
