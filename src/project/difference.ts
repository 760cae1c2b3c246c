import { isDeepStrictEqual } from "node:util";
import type { Role } from "../core/role.ts";
import type { Field } from "./field.ts";
import { type Pair, type Project, pairName } from "./project.ts";
import { childPath } from "./read-values.ts";
import { projectField } from "./schema.ts";
import type { ServerSettings } from "./server.ts";

/** What has changed in a pair that is in both projects under the same name. */
export interface PairDifference {
  readonly name: string;
  readonly before: Pair;
  readonly after: Pair;
  /** Settings that differ, relative to the pair, e.g. `primary/machine`, `monitorItems`. */
  readonly paths: readonly string[];
  /** Members that must be connected anew; empty = the change applies in place. */
  readonly reconnect: readonly Role[];
}

/** A changed server has the same name in both projects; what it is now. */
export interface ServersDifference {
  readonly added: readonly ServerSettings[];
  readonly removed: readonly ServerSettings[];
  readonly changed: readonly ServerSettings[];
}

/** The way from one project to another. Names are those clients see. */
export interface ProjectDifference {
  readonly added: readonly Pair[];
  readonly removed: readonly Pair[];
  /** Changed in place: no connection is touched. */
  readonly changed: readonly PairDifference[];
  /** Some or all connections to the members must be made anew. */
  readonly reconnected: readonly PairDifference[];
  /** Settings of the OPC UA front that differ, e.g. `opcUa/port`. */
  readonly front: readonly string[];
  /** The front must listen anew, which drops the clients of all pairs. */
  readonly frontRestarts: boolean;
  /** Project-wide diagnostics and notification settings that differ. */
  readonly general: readonly string[];
  readonly servers: ServersDifference;
  /** Nothing differs. */
  readonly isEmpty: boolean;
}

/** Compares two projects. The order of pairs means nothing; a pair with another name is another pair. */
export function diffProjects(before: Project, after: Project): ProjectDifference {
  const old = new Map(before.pairs.map((pair) => [keyOf(pair), pair]));
  const current = new Map(after.pairs.map((pair) => [keyOf(pair), pair]));
  const differences = after.pairs.flatMap((pair) => {
    const other = old.get(keyOf(pair));
    return other === undefined || isDeepStrictEqual(other, pair) ? [] : [diffPair(other, pair)];
  });
  const all = differencesOf(projectField, before, after, "").filter(
    ({ path }) => path !== "pairs" && path !== "servers",
  );
  const front = all.filter(({ path }) => path.startsWith("opcUa/"));
  const difference: Omit<ProjectDifference, "isEmpty"> = {
    added: after.pairs.filter((pair) => !old.has(keyOf(pair))),
    removed: before.pairs.filter((pair) => !current.has(keyOf(pair))),
    changed: differences.filter(({ reconnect }) => reconnect.length === 0),
    reconnected: differences.filter(({ reconnect }) => reconnect.length > 0),
    front: front.map(({ path }) => path),
    frontRestarts: front.some(({ requiresReconnect }) => requiresReconnect),
    general: all.filter((entry) => !front.includes(entry)).map(({ path }) => path),
    servers: diffServers(before.servers, after.servers),
  };
  const { added, removed, general, servers } = difference;
  const lists = [added, removed, differences, front, general, ...Object.values(servers)];
  const isEmpty = lists.every((list) => list.length === 0);
  return Object.freeze({ ...difference, isEmpty });
}

function diffServers(before: readonly ServerSettings[], after: readonly ServerSettings[]): ServersDifference {
  const old = new Map(before.map((server) => [server.name, server]));
  const names = new Set(after.map(({ name }) => name));
  return Object.freeze({
    added: after.filter(({ name }) => !old.has(name)),
    removed: before.filter(({ name }) => !names.has(name)),
    changed: after.filter((server) => {
      const other = old.get(server.name);
      return other !== undefined && !isDeepStrictEqual(other, server);
    }),
  });
}

/** As names are compared everywhere; a change of case alone is another name for clients, so it counts. */
function keyOf(pair: Pair): string {
  return pairName(pair);
}

function diffPair(before: Pair, after: Pair): PairDifference {
  const entries = differencesOf(pairField(), before, after, "");
  const reconnecting = entries.filter(({ requiresReconnect }) => requiresReconnect).map(({ path }) => path);
  const concerns = (role: Role): boolean =>
    reconnecting.some((path) => path === role || path.startsWith(`${role}/`));
  const whole = reconnecting.some((path) => !/^(primary|secondary)(\/|$)/.test(path));
  const roles: readonly Role[] = ["primary", "secondary"];
  return Object.freeze({
    name: pairName(after),
    before,
    after,
    paths: entries.map(({ path }) => path),
    reconnect: roles.filter((role) => whole || concerns(role)),
  });
}

function pairField(): Field {
  const pairs = projectField.properties.get("pairs");
  if (pairs?.kind !== "array") throw new Error("the schema has no pairs");
  return pairs.item;
}

interface Difference {
  readonly path: string;
  readonly requiresReconnect: boolean;
}

/** The deepest settings that differ; arrays count as one. */
function differencesOf(
  field: Field,
  before: unknown,
  after: unknown,
  path: string,
  inherited = false,
): readonly Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  const requiresReconnect = inherited || field.requiresReconnect;
  if (field.kind !== "object" || before === null || after === null) return [{ path, requiresReconnect }];
  const left = before as Readonly<Record<string, unknown>>;
  const right = after as Readonly<Record<string, unknown>>;
  return [...field.properties].flatMap(([name, property]) =>
    differencesOf(property, left[name], right[name], childPath(path, name), requiresReconnect),
  );
}
