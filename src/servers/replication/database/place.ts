/** A PostgreSQL server as it is reached; the password is the secret itself, never its reference. */
export interface DatabasePlace {
  /** Host name, address, or directory of the socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  /** `verify`: with a certificate that this machine trusts; `require`: encrypted, whoever answers. */
  readonly tls: "off" | "require" | "verify";
}

/** One database on a server. */
export interface DatabaseRef {
  readonly place: DatabasePlace;
  readonly database: string;
}

/** The database every PostgreSQL server has, for what concerns the server as a whole. */
export const maintenanceDatabase = "postgres";
export const connectTimeoutMs = 5000;
export const applicationName = "understudy";
/** Where commits at the live server wait for the copy, ours must not: without them there is no copy. */
export const sessionOptions = "-c synchronous_commit=local";

/** What PostgreSQL's programs are told by their environment: nothing of it can be read in a list of processes. */
export function programEnvironment(place: DatabasePlace): Readonly<Record<string, string>> {
  return {
    PGHOST: place.host,
    PGPORT: String(place.port),
    PGUSER: place.user,
    ...(place.password === null ? {} : { PGPASSWORD: place.password }),
    PGSSLMODE: sslModes[place.tls],
    PGCONNECT_TIMEOUT: String(connectTimeoutMs / 1000),
    PGAPPNAME: applicationName,
    PGOPTIONS: sessionOptions,
    // no files of this user's own may decide where a copy goes
    PGSERVICEFILE: "",
    PGPASSFILE: "",
  };
}

const sslModes: Readonly<Record<DatabasePlace["tls"], string>> = Object.freeze({
  off: "disable",
  require: "require",
  verify: "verify-full",
});

/** A connection string for a subscription (PostgreSQL, 34.1.1.1): quoted, so that no value ends early. */
export function connectionString({ place, database }: DatabaseRef): string {
  const quoted = (value: string): string => `'${value.replace(/[\\']/g, "\\$&")}'`;
  return [
    `host=${quoted(place.host)}`,
    `port=${place.port}`,
    `user=${quoted(place.user)}`,
    ...(place.password === null ? [] : [`password=${quoted(place.password)}`]),
    `dbname=${quoted(database)}`,
    `sslmode=${sslModes[place.tls]}`,
    `connect_timeout=${connectTimeoutMs / 1000}`,
    "keepalives_idle=5 keepalives_interval=2 keepalives_count=3",
  ].join(" ");
}
