/**
 * Everything a live database is known to have had: what only its copy has, and is none of these, is somebody's own and
 * stays.
 */
export interface KnownSchema {
  /** Full names. */
  readonly tables: Set<string>;
  /** By kind and name. */
  readonly objects: Set<string>;
}

export function nothingKnown(): KnownSchema {
  return { tables: new Set(), objects: new Set() };
}
