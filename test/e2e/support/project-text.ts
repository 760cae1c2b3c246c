import type { ConnectionMode } from "../../../src/core/policy.ts";
import type { Role } from "../../../src/core/role.ts";
import { ProjectDocument } from "../../../src/project/project-document.ts";
import { rootElementName } from "../../../src/project/schema.ts";

/** Settings as the project file knows them; what is left out has its default. */
export type Settings = Readonly<Record<string, unknown>>;

export const modes: readonly ConnectionMode[] = ["cold", "warm", "hot"];

/** Short enough that a test waits little, long enough for a busy machine. */
export const queryMs = Object.freeze({ interval: 200, timeout: 800 });

/** Where the members of a pair are. */
export type Places = Readonly<Record<Role, { readonly endpointUrl: string }>>;

/** A pair that looks for its members often, and goes back to the primary where its mode can. */
export function pairSettings(
  server: string,
  connectionMode: ConnectionMode,
  places: Places,
  more: Settings = {},
): Settings {
  const member = (role: Role) => ({
    machine: "127.0.0.1",
    endpointUrl: places[role].endpointUrl,
    securityPolicy: "None",
  });
  return {
    server,
    protocol: "opcua",
    primary: member("primary"),
    secondary: member("secondary"),
    connectionMode,
    queryServerStatusInterval: queryMs.interval,
    queryServerStatusTimeout: queryMs.timeout,
    failover: { connectTimeout: 2000, reconnectInterval: 200 },
    ...more,
  };
}

/** The text of a project file. Without front settings any local client is admitted. */
export function projectText(
  port: number,
  pairs: readonly Settings[],
  opcUa: Settings = {},
  console: Settings = { enabled: false },
  servers: readonly Settings[] = [],
): string {
  const empty = new ProjectDocument(`<${rootElementName} version="2"/>\n`, "redundancymaster.xml");
  return empty
    .withProject({
      version: 2,
      opcUa: { port, securityPolicies: ["None"], allowAnonymous: true, ...opcUa },
      console,
      pairs,
      servers,
    })
    .toString();
}
