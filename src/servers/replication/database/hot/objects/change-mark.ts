import type pg from "pg";
import { ofUsers } from "../../of-users.ts";
import { inSettings } from "./inventory.ts";
import { firstUserOid, otherCatalogs } from "./queries.ts";

/** Catalogs whose rows are written only when an object is made or changed; temporary tables have no place in these. */
const whole = [
  ...["pg_proc", "pg_enum", "pg_extension", "pg_policy", "pg_statistic_ext", "pg_trigger", "pg_namespace"],
  ...otherCatalogs,
];
const permanent = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND c.relpersistence = 'p' AND ${ofUsers}`;

/** Sums of what changes with a row, so that their order does not matter. */
const sums = [
  ...whole.map((catalog) =>
    sum("x.xmin, x.oid", `${catalog} x WHERE x.oid >= ${firstUserOid} OR x.oid = 2200`),
  ),
  // other columns change with every TRUNCATE and REFRESH
  sum(
    `c.oid, c.relname, c.relnamespace, c.relkind, c.relowner, c.relacl, c.reloptions, c.relrowsecurity,
     c.relforcerowsecurity, c.relreplident`,
    permanent,
  ),
  ...["pg_attribute a ON a.attrelid", "pg_attrdef a ON a.adrelid", "pg_index a ON a.indrelid"].map(
    (catalog) => sum("a.xmin, a.ctid", `${permanent} JOIN ${catalog} = c.oid`),
  ),
  ...["pg_rewrite a ON a.ev_class", "pg_sequence a ON a.seqrelid"].map((catalog) =>
    sum("a.xmin, a.ctid", `${permanent} JOIN ${catalog} = c.oid`),
  ),
  sum("y.xmin, y.oid", `pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace AND ${ofUsers}`),
  sum("k.xmin, k.oid", `pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace AND ${ofUsers}`),
  sum(
    "d.objid, d.refobjid, d.refobjsubid",
    `pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'a' AND d.refobjsubid > 0`,
  ),
];

function sum(what: string, from: string): string {
  return `SELECT coalesce(sum(hashtextextended(concat_ws(' ', ${what}), 0)::numeric), 0) AS sum FROM ${from}`;
}

const query = `SELECT string_agg(sum::text, ' ') AS mark FROM (${sums.join("\nUNION ALL ")}) sums`;

/** As long as it is the same, no object has changed; for much less than reading them takes. */
export async function readChangeMark(client: pg.Client): Promise<string> {
  const [row] = await inSettings<{ mark: string }>(client, query);
  return row?.mark ?? "";
}
