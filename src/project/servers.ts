import { nearest } from "./did-you-mean.ts";
import type { DeepPartial } from "./pairs.ts";
import type { Project } from "./project.ts";
import type { ServerSettings } from "./server.ts";

/** What must be said of a new server; all else has a default. */
export type NewServer = DeepPartial<Omit<ServerSettings, "name" | "address">> & {
  readonly name: string;
  readonly address: string;
};

export type FoundServer =
  | { readonly ok: true; readonly server: ServerSettings; readonly index: number }
  | { readonly ok: false; readonly expected: string };

/** The protected server of this name. Upper and lower case are the same. */
export function findServer(project: Project, name: string): FoundServer {
  const index = project.servers.findIndex((server) => server.name.toLowerCase() === name.toLowerCase());
  const server = project.servers[index];
  if (server !== undefined) return { ok: true, server, index };
  const names = project.servers.map((each) => each.name);
  const meant = nearest(name, names);
  if (meant !== null) return { ok: false, expected: `${meant}: did you mean that?` };
  if (names.length === 0) return { ok: false, expected: "a protected server, but the project has none" };
  return { ok: false, expected: `the name of a protected server: ${names.slice(0, 20).join(", ")}` };
}
