import { otherRole, type Role } from "../../core/role.ts";

/** What a member says of its namespaces when it is connected. */
export interface NamespaceFacts {
  readonly namespaceArray: readonly string[];
  /** The server's own application URI, by convention also the namespace with index 1. */
  readonly applicationUri: string;
}

/**
 * The first difference between two members' NamespaceArrays, as a sentence; null where they are equal.
 * NodeIds are forwarded as they are, so an index must mean the same namespace on both. Index 1 may differ
 * where it is each server's own application URI.
 */
export function namespaceDifference(one: NamespaceFacts, other: NamespaceFacts): string | null {
  const count = Math.max(one.namespaceArray.length, other.namespaceArray.length);
  for (let index = 0; index < count; index++) {
    const here = one.namespaceArray[index];
    const there = other.namespaceArray[index];
    if (here === there) continue;
    if (index === 1 && here === one.applicationUri && there === other.applicationUri) continue;
    return `namespace ${index} is ${quoted(here)} on the one and ${quoted(there)} on the other`;
  }
  return null;
}

function quoted(uri: string | undefined): string {
  return uri === undefined ? "not there" : `"${uri}"`;
}

/** Remembers what the members of a pair said last, and compares each with the other. */
export class NamespaceGuard {
  readonly #facts: Record<Role, NamespaceFacts | null> = { primary: null, secondary: null };

  /** The difference to the other member; null where there is none or the other was never connected. */
  check(role: Role, facts: NamespaceFacts): string | null {
    this.#facts[role] = facts;
    const other = this.#facts[otherRole(role)];
    return other ? namespaceDifference(facts, other) : null;
  }

  forget(role: Role): void {
    this.#facts[role] = null;
  }
}
