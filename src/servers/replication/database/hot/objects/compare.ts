import type { SchemaObject } from "./object.ts";

/** What has to be done at a copy so that it has the objects of the live database. */
export interface ObjectDifference {
  /** Only the copy has them; as they are there, in the order in which they are removed. */
  readonly extra: readonly SchemaObject[];
  /** Only the live database has them; in the order in which they are made. */
  readonly missing: readonly SchemaObject[];
  /** Both have them, differently. */
  readonly changed: readonly { readonly live: SchemaObject; readonly copy: SchemaObject }[];
}

export function compareObjects(
  live: readonly SchemaObject[],
  copy: readonly SchemaObject[],
): ObjectDifference {
  const usable = live.filter(({ make }) => make !== "");
  const liveByKey = new Map(usable.map((each) => [objectKey(each), each]));
  const copyByKey = new Map(copy.map((each) => [objectKey(each), each]));
  return {
    extra: copy.filter((each) => !liveByKey.has(objectKey(each))).reverse(),
    missing: usable.filter((each) => !copyByKey.has(objectKey(each))),
    changed: usable.flatMap((each) => {
      const there = copyByKey.get(objectKey(each));
      return there === undefined || there.make === each.make ? [] : [{ live: each, copy: there }];
    }),
  };
}

export function objectKey({ kind, name }: SchemaObject): string {
  return `${kind} ${name}`;
}

export function isSame({ extra, missing, changed }: ObjectDifference): boolean {
  return extra.length + missing.length + changed.length === 0;
}
