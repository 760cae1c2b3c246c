/** Index 1 is by convention the server's own namespace (Part 5, 6.3.1); 0 is OPC UA's. */
const serverIndex = 1;

/** What a member says of itself when it is linked. */
export interface ServerIdentity {
  readonly namespaceArray: readonly string[];
  /** ApplicationUri of the server: the first entry of ServerArray; null where it does not tell. */
  readonly applicationUri: string | null;
}

/**
 * What differs between the namespaces of two members, as a text; null where clients may be switched from
 * one to the other without NodeIds changing their meaning. Index 1 may differ where each names the
 * server's own application URI.
 */
export function compareNamespaces(first: ServerIdentity, second: ServerIdentity): string | null {
  const a = first.namespaceArray;
  const b = second.namespaceArray;
  const differences: string[] = [];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    if (a[index] === b[index]) continue;
    const own = index === serverIndex && isOwn(first) && isOwn(second);
    if (!own) differences.push(`index ${index} is ${named(a[index])} and ${named(b[index])}`);
  }
  return differences.length === 0 ? null : `the namespaces differ: ${differences.join("; ")}`;
}

function isOwn({ namespaceArray, applicationUri }: ServerIdentity): boolean {
  return applicationUri !== null && namespaceArray[serverIndex] === applicationUri;
}

function named(uri: string | undefined): string {
  return uri === undefined ? "missing" : `"${uri}"`;
}
