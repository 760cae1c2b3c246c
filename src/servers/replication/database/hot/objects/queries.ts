import { ofUsers } from "../../of-users.ts";
import type { ObjectKind } from "./object.ts";

/** Neither a part of an extension, which makes its own objects, nor of another object (a partitioned table is its own). */
function standsAlone(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT 1 FROM pg_depend e
    WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid} AND (e.deptype = 'e' OR e.deptype = 'i' AND e.refobjid <> e.objid))`;
}

const relation = "format('%I.%I', n.nspname, c.relname)";
const tables = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND ${ofUsers} AND ${standsAlone("pg_class", "c.oid")}`;
const columns = `pg_attribute a JOIN (${`SELECT c.oid, ${relation} AS name FROM ${tables}`}) t ON t.oid = a.attrelid
  AND a.attnum > 0 AND NOT a.attisdropped`;
const column = "format('%s.%I', t.name, a.attname)";
const alterColumn = "format('ALTER TABLE ONLY %s ALTER COLUMN %I ', t.name, a.attname)";
const types = `pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace AND ${ofUsers} AND ${standsAlone("pg_type", "y.oid")}`;
const type = "format('%I.%I', n.nspname, y.typname)";
const routine = "format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))";
const routines = `pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND ${ofUsers}
  AND p.prokind IN ('f', 'p', 'w') AND ${standsAlone("pg_proc", "p.oid")}`;
const sequenceClauses = `format('AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %s',
  format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
  CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)`;
const viewOptions = "coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')";
const isConcurrent = "c.relkind = 'i'";

/** Everything that has an owner and can be granted: what it is called in a statement, and how. */
const owned = `(
  SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS what, ${relation} AS name, c.relowner AS owner,
         coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner)) AS acl
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND c.relpersistence = 'p' AND ${ofUsers} AND ${standsAlone("pg_class", "c.oid")}
  UNION ALL SELECT 'ROUTINE', ${routine}, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)) FROM ${routines}
  UNION ALL SELECT 'SCHEMA', quote_ident(n.nspname), n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
  FROM pg_namespace n WHERE ${ofUsers}) o`;

/** Catalogs of objects that are compared by their names alone (PostgreSQL, 53.1). */
export const otherCatalogs = [
  "pg_operator",
  "pg_opclass",
  "pg_opfamily",
  "pg_cast",
  "pg_conversion",
  "pg_collation",
  "pg_ts_config",
  "pg_ts_dict",
  "pg_foreign_data_wrapper",
  "pg_foreign_server",
  "pg_event_trigger",
  "pg_language",
  "pg_am",
];
/** The first number that PostgreSQL gives to objects that are not its own. */
export const firstUserOid = 16384;

/** Per kind a query of name, make, replace and unmake, as SchemaObject has them; search_path must be empty. */
export const objectQueries: Readonly<Record<ObjectKind, string>> = Object.freeze({
  schema: `SELECT quote_ident(n.nspname), format('CREATE SCHEMA %I', n.nspname), NULL, format('DROP SCHEMA %I', n.nspname)
    FROM pg_namespace n WHERE ${ofUsers} AND ${standsAlone("pg_namespace", "n.oid")}`,
  extension: `SELECT quote_ident(x.extname), format('CREATE EXTENSION %I SCHEMA %I', x.extname, n.nspname), NULL,
      format('DROP EXTENSION %I', x.extname)
    FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace`,
  "enum type": `SELECT ${type}, format('CREATE TYPE %s AS ENUM ()', ${type}), NULL, format('DROP TYPE %s', ${type})
    FROM ${types} WHERE y.typtype = 'e'`,
  "enum value": `SELECT format('%s %L', v.type, v.label), v.make, v.make, NULL
    FROM (SELECT ${type} AS type, l.enumlabel AS label, l.enumsortorder AS sort,
        format('ALTER TYPE %s ADD VALUE IF NOT EXISTS %L', ${type}, l.enumlabel)
          || coalesce(' AFTER ' || quote_literal(lag(l.enumlabel) OVER of_type), '') AS make
      FROM ${types} JOIN pg_enum l ON l.enumtypid = y.oid
      WINDOW of_type AS (PARTITION BY y.oid ORDER BY l.enumsortorder)) v ORDER BY v.type, v.sort`,
  domain: `SELECT ${type}, format('CREATE DOMAIN %s AS %s%s%s', ${type}, format_type(y.typbasetype, y.typtypmod),
      coalesce(' DEFAULT ' || y.typdefault, ''), CASE WHEN y.typnotnull THEN ' NOT NULL' ELSE '' END),
      NULL, format('DROP DOMAIN %s', ${type})
    FROM ${types} WHERE y.typtype = 'd'`,
  "domain constraint": `SELECT format('%s %I', ${type}, k.conname),
      format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', ${type}, k.conname, pg_get_constraintdef(k.oid)),
      NULL, format('ALTER DOMAIN %s DROP CONSTRAINT %I', ${type}, k.conname)
    FROM ${types} JOIN pg_constraint k ON k.contypid = y.oid`,
  "composite type": `SELECT ${type}, format('CREATE TYPE %s AS (%s)', ${type},
      (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped)),
      NULL, format('DROP TYPE %s', ${type})
    FROM ${types} JOIN pg_class c ON c.oid = y.typrelid AND c.relkind = 'c'`,
  "range type": `SELECT ${type}, NULL, NULL, format('DROP TYPE %s', ${type}) FROM ${types} WHERE y.typtype = 'r'`,
  sequence: `SELECT ${relation}, format('CREATE SEQUENCE %s %s', ${relation}, ${sequenceClauses}),
      format('ALTER SEQUENCE %s %s', ${relation}, ${sequenceClauses}), format('DROP SEQUENCE %s', ${relation})
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
    WHERE c.relpersistence = 'p' AND ${ofUsers} AND ${standsAlone("pg_class", "c.oid")}`,
  function: `SELECT ${routine}, pg_get_functiondef(p.oid), pg_get_functiondef(p.oid), format('DROP ROUTINE %s', ${routine})
    FROM ${routines}`,
  "generated column": `SELECT ${column}, format('ALTER TABLE %s ADD COLUMN %I %s GENERATED ALWAYS AS (%s) STORED', t.name,
      a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid)),
      NULL, format('ALTER TABLE %s DROP COLUMN %I', t.name, a.attname)
    FROM ${columns} JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attgenerated = 's'`,
  "sequence owner": `SELECT ${relation}, format('ALTER SEQUENCE %s OWNED BY %s', ${relation}, ${column}),
      format('ALTER SEQUENCE %s OWNED BY %s', ${relation}, ${column}), format('ALTER SEQUENCE %s OWNED BY NONE', ${relation})
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND c.relkind = 'S'
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a' AND d.refobjsubid > 0
    JOIN ${columns} ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid`,
  default: `SELECT ${column}, ${alterColumn} || 'SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
      ${alterColumn} || 'SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ${alterColumn} || 'DROP DEFAULT'
    FROM ${columns} JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attgenerated = ''`,
  identity: `SELECT ${column}, ${alterColumn} || format('ADD GENERATED %s AS IDENTITY', i.mode),
      ${alterColumn} || format('SET GENERATED %s', i.mode), ${alterColumn} || 'DROP IDENTITY'
    FROM ${columns}, (VALUES ('a', 'ALWAYS'), ('d', 'BY DEFAULT')) i(letter, mode) WHERE i.letter = a.attidentity`,
  "not null": `SELECT ${column}, ${alterColumn} || 'SET NOT NULL', NULL, ${alterColumn} || 'DROP NOT NULL'
    FROM ${columns} WHERE a.attnotnull`,
  constraint: `SELECT format('%s.%I', t.name, k.conname),
      format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.name, k.conname, pg_get_constraintdef(k.oid)),
      NULL, format('ALTER TABLE %s DROP CONSTRAINT %I', t.name, k.conname)
    FROM pg_constraint k JOIN (SELECT c.oid, ${relation} AS name FROM ${tables}) t ON t.oid = k.conrelid
    WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND k.conparentid = 0 AND k.conislocal`,
  // an index that is still being built, or could not be, is none
  index: `SELECT ${relation}, CASE WHEN NOT i.indisvalid THEN ''
        WHEN ${isConcurrent} THEN regexp_replace(pg_get_indexdef(c.oid), '^CREATE( UNIQUE)? INDEX', 'CREATE\\1 INDEX CONCURRENTLY')
        ELSE replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ') END,
      NULL, format('DROP INDEX %s%s', CASE WHEN ${isConcurrent} THEN 'CONCURRENTLY ' ELSE '' END, ${relation})
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND NOT c.relispartition
    JOIN pg_namespace n ON n.oid = c.relnamespace AND ${ofUsers} AND c.relpersistence = 'p'
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
      AND ${standsAlone("pg_class", "i.indrelid")}`,
  statistics: `SELECT format('%I.%I', n.nspname, x.stxname), pg_get_statisticsobjdef(x.oid), NULL,
      format('DROP STATISTICS %I.%I', n.nspname, x.stxname)
    FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE ${ofUsers}`,
  view: `SELECT ${relation}, format('CREATE OR REPLACE VIEW %s%s AS %s', ${relation}, ${viewOptions}, pg_get_viewdef(c.oid)),
      format('CREATE OR REPLACE VIEW %s%s AS %s', ${relation}, ${viewOptions}, pg_get_viewdef(c.oid)),
      format('DROP VIEW %s', ${relation})
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v' AND c.relpersistence = 'p' AND ${ofUsers} AND ${standsAlone("pg_class", "c.oid")}`,
  "materialized view": `SELECT ${relation}, format('CREATE MATERIALIZED VIEW %s AS %s WITH NO DATA', ${relation},
      rtrim(pg_get_viewdef(c.oid), ';')), NULL, format('DROP MATERIALIZED VIEW %s', ${relation})
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'm' AND ${ofUsers} AND ${standsAlone("pg_class", "c.oid")}`,
  rule: `SELECT format('%s.%I', ${relation}, r.rulename), pg_get_ruledef(r.oid), NULL,
      format('DROP RULE %I ON %s', r.rulename, ${relation})
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN' AND ${ofUsers} AND ${standsAlone("pg_class", "c.oid")}`,
  trigger: `SELECT format('%s.%I', ${relation}, g.tgname), pg_get_triggerdef(g.oid), NULL,
      format('DROP TRIGGER %I ON %s', g.tgname, ${relation})
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND ${ofUsers} AND ${standsAlone("pg_class", "c.oid")}`,
  "trigger state": `SELECT format('%s.%I', ${relation}, g.tgname),
      format('ALTER TABLE %s %s TRIGGER %I', ${relation}, w.word, g.tgname),
      format('ALTER TABLE %s %s TRIGGER %I', ${relation}, w.word, g.tgname), ''
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN (VALUES ('O', 'ENABLE'), ('D', 'DISABLE'), ('R', 'ENABLE REPLICA'), ('A', 'ENABLE ALWAYS')) w(letter, word)
      ON w.letter = g.tgenabled
    WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND c.relkind IN ('r', 'p') AND ${ofUsers}`,
  "row security": `SELECT format('%s%s', CASE f.force WHEN '' THEN '' ELSE 'forced on ' END, ${relation}),
      format('ALTER TABLE %s %s ROW LEVEL SECURITY', ${relation}, CASE f.force WHEN '' THEN 'ENABLE' ELSE 'FORCE' END),
      NULL, format('ALTER TABLE %s %s ROW LEVEL SECURITY', ${relation}, CASE f.force WHEN '' THEN 'DISABLE' ELSE 'NO FORCE' END)
    FROM ${tables}, (VALUES (''), ('force')) f(force)
    WHERE CASE f.force WHEN '' THEN c.relrowsecurity ELSE c.relforcerowsecurity END`,
  policy: `SELECT format('%I.%I.%I', p.schemaname, p.tablename, p.policyname),
      format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s', p.policyname, p.schemaname, p.tablename, p.permissive, p.cmd,
        (SELECT string_agg(CASE r WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(r) END, ', ' ORDER BY r)
         FROM unnest(p.roles) r))
        || coalesce(' USING (' || p.qual || ')', '') || coalesce(' WITH CHECK (' || p.with_check || ')', ''),
      NULL, format('DROP POLICY %I ON %I.%I', p.policyname, p.schemaname, p.tablename)
    FROM pg_policies p JOIN pg_namespace n ON n.nspname = p.schemaname WHERE ${ofUsers}`,
  owner: `SELECT o.what || ' ' || o.name, format('ALTER %s %s OWNER TO %I', o.what, o.name, pg_get_userbyid(o.owner)),
      format('ALTER %s %s OWNER TO %I', o.what, o.name, pg_get_userbyid(o.owner)), '' FROM ${owned}`,
  // what owners may do is theirs by default
  privilege: `SELECT g.what, 'GRANT ' || g.what || CASE WHEN g.option THEN ' WITH GRANT OPTION' ELSE '' END,
      CASE WHEN g.option THEN 'GRANT ' || g.what || ' WITH GRANT OPTION' ELSE 'REVOKE GRANT OPTION FOR ' || g.from END,
      'REVOKE ' || g.from
    FROM (SELECT q.right || ' TO ' || q.who AS what, q.right || ' FROM ' || q.who AS from, bool_or(q.option) AS option
      FROM (
        SELECT format('%s ON %s %s', x.privilege_type, o.what, o.name) AS right, x.is_grantable AS option,
               CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END AS who
        FROM ${owned}, aclexplode(o.acl) x WHERE x.grantee <> o.owner
        UNION ALL
        SELECT format('%s (%I) ON TABLE %s', x.privilege_type, a.attname, t.name), x.is_grantable,
               CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
        FROM ${columns}, aclexplode(a.attacl) x) q
      GROUP BY 1, 2) g`,
  other: [
    ...otherCatalogs.map((catalog) => ({ catalog, where: "true" })),
    { catalog: "pg_proc", where: "x.prokind = 'a'" },
    { catalog: "pg_class", where: "x.relkind = 'f'" },
  ]
    .map(
      ({ catalog, where }) => `SELECT z.type || ' ' || z.identity, NULL, NULL, NULL
        FROM ${catalog} x, pg_identify_object('${catalog}'::regclass, x.oid, 0) z
        WHERE x.oid >= ${firstUserOid} AND ${where} AND ${standsAlone(catalog, "x.oid")}`,
    )
    .join("\n    UNION ALL "),
});
