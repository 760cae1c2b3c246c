/** SQL: true for the schemas of a database's users; `n` is pg_namespace. */
export const ofUsers = String.raw`n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'`;
