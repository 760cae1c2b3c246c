import { UnderstudyError } from "../../../core/error.ts";

/** PostgreSQL cuts longer names, and then two of them may be the same (PostgreSQL, 4.1.1). */
const longestNameBytes = 63;

/** The names that belong to one replicated database. */
export interface CopyNames {
  /** `<server>_<catalog>` (seed: Catalog name). */
  readonly copy: string;
  /** Where the next copy is made, beside the present one. */
  readonly incoming: string;
  /** The present one for the moment in which they change places. */
  readonly outgoing: string;
  /** Publication, subscription and slot of hot replication: lower case, digits and _ only. */
  readonly stream: string;
}

/** @throws UnderstudyError DATABASE_NAME_TOO_LONG */
export function copyNames(server: string, catalog: string): CopyNames {
  const copy = `${server}_${catalog}`;
  const names = Object.freeze({
    copy,
    incoming: `${copy}__incoming`,
    outgoing: `${copy}__outgoing`,
    stream: `understudy_${copy.toLowerCase().replace(/[^a-z0-9_]/g, "_")}`,
  });
  const longest = Math.max(...Object.values(names).map((name) => Buffer.byteLength(name)));
  if (longest <= longestNameBytes) return names;
  throw new UnderstudyError(
    "DATABASE_NAME_TOO_LONG",
    `The copy's database ${copy} cannot be made: PostgreSQL's names have at most ${longestNameBytes} bytes, and ` +
      `${longest - longestNameBytes} of them are missing. Give the server a shorter name.`,
  );
}

/** The names a whole database goes by while it is replaced at the live server. */
export function replacementNames(catalog: string): Pick<CopyNames, "copy" | "incoming" | "outgoing"> {
  return { copy: catalog, incoming: `${catalog}__incoming`, outgoing: `${catalog}__outgoing` };
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
