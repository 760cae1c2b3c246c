import type { CommandSettings, ServerSettings } from "../../project/server.ts";
import { databaseCopyName, withSlash } from "../../project/server-rules.ts";

/**
 * What two takeovers would both need, in words: an address, a name, a service, a port, a program, a directory or a
 * database. null = one machine can stand in for both servers at a time.
 */
export function collisionOf(a: ServerSettings, b: ServerSettings): string | null {
  const taken = new Set(needsOf(a));
  return needsOf(b).find((need) => taken.has(need)) ?? overlappingTree(a, b);
}

function needsOf({ name, takeover, replication }: ServerSettings): string[] {
  const { addresses, dns, services, preScript, postScript } = takeover;
  return [
    ...addresses.map(({ address }) => `the address ${address.split("/")[0]?.toLowerCase()}`),
    ...(dns?.records ?? []).map((record) => `the DNS name ${record.name.toLowerCase().replace(/\.$/, "")}`),
    ...services.flatMap(({ unit, start, readiness }) => [
      ...(unit === null ? [] : [`the service ${unit}`]),
      ...commandOf(start),
      ...(readiness?.kind === "tcp" ? [`the port ${readiness.host ?? ""}:${readiness.port}`] : []),
    ]),
    ...commandOf(preScript),
    ...commandOf(postScript),
    ...replication.databases.map(
      ({ catalog, standIn }) =>
        `the database ${databaseCopyName(name, catalog)} on ${standIn.host}:${standIn.port}`,
    ),
  ];
}

function commandOf(command: CommandSettings | null): string[] {
  return command === null ? [] : [`the command ${[command.program, ...command.arguments].join(" ")}`];
}

function overlappingTree(a: ServerSettings, b: ServerSettings): string | null {
  for (const one of a.replication.files.map(({ destination }) => withSlash(destination))) {
    for (const other of b.replication.files.map(({ destination }) => withSlash(destination))) {
      if (one.startsWith(other) || other.startsWith(one)) return `the directory ${one}`;
    }
  }
  return null;
}
