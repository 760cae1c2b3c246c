import { isDeepStrictEqual } from "node:util";
import type { Role } from "../core/role.ts";
import { alignArrays } from "./align.ts";
import { diffProjects } from "./difference.ts";
import type { ArrayField, Field, ObjectField } from "./field.ts";
import { type Pair, type Project, pairName } from "./project.ts";
import { childPath } from "./read-values.ts";
import { projectField } from "./schema.ts";

/** A setting that differs, in words for people. A secret and its place are never shown. */
export interface SettingChange {
  /** Within the pair, or within the project for project-wide settings. */
  readonly path: string;
  /** null = there was none (an entry of a list that is new). */
  readonly before: string | null;
  /** null = there is none any more. */
  readonly after: string | null;
}

export interface PairSummary {
  readonly name: string;
  readonly server: string;
  readonly protocol: Pair["protocol"];
  readonly primary: string;
  readonly secondary: string;
}

export interface PairChange {
  readonly name: string;
  /** Members that are connected anew where the pair runs. */
  readonly reconnect: readonly Role[];
  readonly settings: readonly SettingChange[];
}

export interface ServerSummary {
  readonly name: string;
  readonly address: string;
}

export interface ServerChange {
  readonly name: string;
  readonly settings: readonly SettingChange[];
}

/** What differs between two projects, for people and for JSON. */
export interface ProjectChanges {
  readonly added: readonly PairSummary[];
  readonly removed: readonly PairSummary[];
  readonly changed: readonly PairChange[];
  /** Protected servers. */
  readonly servers: {
    readonly added: readonly ServerSummary[];
    readonly removed: readonly ServerSummary[];
    readonly changed: readonly ServerChange[];
  };
  /** Project-wide settings. */
  readonly general: readonly SettingChange[];
  /** The front listens anew: clients of all pairs are disconnected. */
  readonly dropsAllClients: boolean;
  readonly isEmpty: boolean;
}

/** Compares two projects setting by setting, with the old and the new value of each. */
export function projectChanges(before: Project, after: Project): ProjectChanges {
  const difference = diffProjects(before, after);
  const pair = itemField("pairs");
  const server = itemField("servers");
  const { added, removed, changed } = difference.servers;
  const wide = (project: Project): Project => ({ ...project, pairs: [], servers: [] });
  return Object.freeze({
    added: difference.added.map(summaryOf),
    removed: difference.removed.map(summaryOf),
    changed: [...difference.changed, ...difference.reconnected].map((each) => ({
      name: each.name,
      reconnect: each.reconnect,
      settings: settingsOf(pair, each.before, each.after, ""),
    })),
    servers: {
      added: added.map(({ name, address }) => ({ name, address })),
      removed: removed.map(({ name, address }) => ({ name, address })),
      changed: changed.map((each) => {
        const old = before.servers.find(({ name }) => name === each.name);
        return { name: each.name, settings: settingsOf(server, old, each, "") };
      }),
    },
    general: settingsOf(projectField, wide(before), wide(after), ""),
    dropsAllClients: difference.frontRestarts,
    isEmpty: difference.isEmpty,
  });
}

/** What the schema says of one entry of a list of the project. */
function itemField(name: "pairs" | "servers"): Field {
  const list = projectField.properties.get(name);
  if (list?.kind !== "array") throw new Error(`the schema has no ${name}`);
  return list.item;
}

/** The changes in lines, each with its line end; one line where nothing differs. */
export function changesText(changes: ProjectChanges): string {
  if (changes.isEmpty) return "No setting differs.\n";
  const lines = [
    ...changes.added.map((pair) => `+ pair ${placeText(pair)}`),
    ...changes.removed.map((pair) => `- pair ${placeText(pair)}`),
    ...changes.changed.flatMap(({ name, reconnect, settings }) => [
      `~ pair ${name}${reconnect.length === 0 ? "" : ` (reconnects the ${reconnect.join(" and the ")})`}`,
      ...settings.map(settingText),
    ]),
    ...changes.servers.added.map(({ name, address }) => `+ server ${name}: ${address}`),
    ...changes.servers.removed.map(({ name, address }) => `- server ${name}: ${address}`),
    ...changes.servers.changed.flatMap(({ name, settings }) => [
      `~ server ${name}`,
      ...settings.map(settingText),
    ]),
    ...(changes.general.length === 0
      ? []
      : [
          `~ project-wide settings${changes.dropsAllClients ? " (disconnects the clients of all pairs)" : ""}`,
          ...changes.general.map(settingText),
        ]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function placeText({ name, server, protocol, primary, secondary }: PairSummary): string {
  return `${name}: ${server} (${protocol}) on ${primary} and ${secondary}`;
}

function settingText({ path, before, after }: SettingChange): string {
  if (before === null) return `    + ${path}: ${after}`;
  if (after === null) return `    - ${path}: ${before}`;
  return `    ${path}: ${before} -> ${after}`;
}

function summaryOf(pair: Pair): PairSummary {
  return Object.freeze({
    name: pairName(pair),
    server: pair.server,
    protocol: pair.protocol,
    primary: pair.primary.machine,
    secondary: pair.secondary.machine,
  });
}

type Values = Readonly<Record<string, unknown>>;

function settingsOf(field: Field, before: unknown, after: unknown, path: string): SettingChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (before !== null && after !== null && before !== undefined && after !== undefined) {
    if (field.kind === "object") return membersOf(field, before as Values, after as Values, path);
    if (field.kind === "array") {
      return entriesOf(field, before as readonly unknown[], after as readonly unknown[], path);
    }
  }
  if (isSecret(field)) return [{ path, before: "(not shown)", after: "another (not shown)" }];
  return [{ path, before: valueText(field, before), after: valueText(field, after) }];
}

function membersOf(field: ObjectField, before: Values, after: Values, path: string): SettingChange[] {
  return [...field.properties]
    .filter(([, property]) => !property.attribute)
    .flatMap(([name, property]) =>
      settingsOf(property, before[name] ?? null, after[name] ?? null, childPath(path, name)),
    );
}

function entriesOf(
  field: ArrayField,
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): SettingChange[] {
  const at = (index: number): string => childPath(path, `${field.element}[${index + 1}]`);
  return alignArrays(before, after).flatMap((step): SettingChange[] => {
    if (step.kind === "keep") {
      return settingsOf(field.item, before[step.before], after[step.after], at(step.after));
    }
    return step.kind === "remove"
      ? [{ path: at(step.before), before: valueText(field.item, before[step.before]), after: null }]
      : [{ path: at(step.after), before: null, after: valueText(field.item, after[step.after]) }];
  });
}

function isSecret(field: Field): boolean {
  return field.kind === "string" && field.secretReference;
}

const longestText = 60;

/** A value on one line; objects with what differs from the default. */
function valueText(field: Field, value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (isSecret(field)) return "(not shown)";
  if (field.kind === "object") {
    const members = value as Values;
    const parts = [...field.properties]
      .filter(([name, property]) => !isDeepStrictEqual(members[name] ?? null, property.default ?? null))
      .map(([name, property]) => `${name} ${valueText(property, members[name])}`);
    return `{ ${parts.join(", ")} }`;
  }
  if (field.kind === "array") {
    return `[${(value as readonly unknown[]).map((entry) => valueText(field.item, entry)).join(", ")}]`;
  }
  const text = typeof value === "string" && field.kind === "string" ? wordOrQuoted(value) : String(value);
  return text.length > longestText ? `${text.slice(0, longestText - 3)}...` : text;
}

/** Words stand as they are; anything with blanks or control characters in quotes. */
function wordOrQuoted(text: string): string {
  return /^[\w.:/@+=;,()-]+$/.test(text) ? text : JSON.stringify(text);
}
