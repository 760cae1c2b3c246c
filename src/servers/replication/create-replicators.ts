import { dirname, resolve } from "node:path";
import { resolveSecret } from "../../project/secret.ts";
import type {
  DatabaseServerSettings,
  DatabaseSettings,
  FileTreeSettings,
  ServerSettings,
} from "../../project/server.ts";
import type { Replicator, ServerContext } from "../seams.ts";
import { HotReplicator } from "./database/hot/hot-replicator.ts";
import { copyNames } from "./database/names.ts";
import type { DatabasePlace } from "./database/place.ts";
import { type DatabaseParts, WarmReplicator } from "./database/warm-replicator.ts";
import { FileReplicator } from "./files/file-replicator.ts";
import type { FileReplicationSettings } from "./files/settings.ts";
import type { ReplicationReport } from "./replication-report.ts";

/** Makes what a replicator reports an event of its server. */
export type ReportOf = (server: ServerSettings, name: string) => ReplicationReport;

/**
 * The replicators of a server, files before databases; none is started yet.
 * @throws UnderstudyError DATABASE_NAME_TOO_LONG
 */
export function createReplicators(
  server: ServerSettings,
  context: ServerContext,
  reportOf: ReportOf,
): readonly Replicator[] {
  const { clock } = context;
  const files = server.replication.files.map((tree) => {
    const settings = fileSettings(server, tree, context.projectFile);
    return new FileReplicator(settings, clock, reportOf(server, settings.destination));
  });
  const databases = server.replication.databases.map((database) => {
    const parts = databaseParts(server, database, context, reportOf);
    return database.mode === "hot" ? new HotReplicator(parts) : new WarmReplicator(parts);
  });
  return [...files, ...databases];
}

/** Paths of keys are relative to the project; an SSH host that is not named is the server itself. */
export function fileSettings(
  server: ServerSettings,
  tree: FileTreeSettings,
  projectFile: string,
): FileReplicationSettings {
  const path = (file: string | null): string | null =>
    file === null ? null : resolve(dirname(projectFile), file);
  return Object.freeze({
    ...tree,
    ssh: tree.ssh && {
      ...tree.ssh,
      host: tree.ssh.host ?? server.maintenanceAddress ?? server.address,
      identityFile: path(tree.ssh.identityFile),
      knownHostsFile: path(tree.ssh.knownHostsFile),
    },
    include: tree.include.map((rule) => ({
      ...rule,
      patterns: rule.patterns.length > 0 ? rule.patterns : ["*"],
    })),
  });
}

function databaseParts(
  server: ServerSettings,
  settings: DatabaseSettings,
  { clock, projectFile }: ServerContext,
  reportOf: ReportOf,
): DatabaseParts {
  const names = copyNames(server.name, settings.catalog);
  return {
    names,
    catalog: settings.catalog,
    source: () => placeOf(settings.source, projectFile),
    standIn: () => placeOf(settings.standIn, projectFile),
    dailyAt: settings.dailyAt,
    clock,
    report: reportOf(server, names.copy),
  };
}

async function placeOf(
  { host, port, user, password, tls }: DatabaseServerSettings,
  projectFile: string,
): Promise<DatabasePlace> {
  const context = { environment: process.env, projectFile };
  return {
    host,
    port,
    user,
    tls,
    password: password === null ? null : await resolveSecret(password, context),
  };
}
