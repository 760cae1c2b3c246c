import type { Pair, Project } from "../../../project/project.ts";
import type { ServerSettings } from "../../../project/server.ts";
import type { ProjectAnswer, SaveAnswer } from "../../contract.ts";
import { ApiError, ask } from "../api.ts";
import { Store } from "../store.ts";
import { notify } from "./notice.ts";
import type { SchemaNode } from "./schema.ts";

/** The project as it is saved, and as it is being edited. */
export interface Draft {
  readonly saved: ProjectAnswer;
  readonly edited: Project;
  /** What somebody else saved while this was edited. */
  readonly conflict: ProjectAnswer | null;
}

export const draft = new Store<Draft | null>(null);
export const schema = new Store<SchemaNode | null>(null);

export function isModified(current: Draft | null): boolean {
  return current !== null && JSON.stringify(current.saved.project) !== JSON.stringify(current.edited);
}

export function nameOf({ alias, server }: Pair): string {
  return alias ?? server;
}

export async function loadProject(signal?: AbortSignal): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  const [saved, loaded] = await Promise.all([
    ask<ProjectAnswer>("GET", "/api/v1/project", undefined, options),
    schema.value ?? ask<SchemaNode>("GET", "/api/v1/project/schema", undefined, options),
  ]);
  schema.set(loaded);
  draft.set({ saved, edited: saved.project, conflict: null });
}

export function edit(change: (project: Project) => Project): void {
  const current = draft.value;
  if (current) draft.set({ ...current, edited: change(current.edited) });
}

export function editPair(name: string, change: (pair: Pair) => Pair): void {
  edit((project) => ({
    ...project,
    pairs: project.pairs.map((pair) => (nameOf(pair) === name ? change(pair) : pair)),
  }));
}

export function editServer(name: string, change: (server: ServerSettings) => ServerSettings): void {
  edit((project) => ({
    ...project,
    servers: project.servers.map((server) => (server.name === name ? change(server) : server)),
  }));
}

export function discard(): void {
  const current = draft.value;
  if (current) draft.set({ ...current, edited: current.saved.project, conflict: null });
}

/** Saves what was edited. Where somebody else was quicker, both are kept for a decision. */
export async function save(signal: AbortSignal): Promise<void> {
  const current = draft.value;
  if (!current) return;
  const base = current.conflict ?? current.saved;
  try {
    const options = { ifMatch: base.version, signal };
    await ask<SaveAnswer>("PUT", "/api/v1/project", { project: current.edited }, options);
    await loadProject();
    notify("done", "The configuration is saved and in force.");
  } catch (error) {
    if (!(error instanceof ApiError) || error.current === null) throw error;
    draft.set({ ...current, conflict: error.current });
  }
}

/** A change of its own, beside what is being edited. */
export async function changeProject(
  signal: AbortSignal,
  method: string,
  path: string,
  body?: unknown,
): Promise<void> {
  const { version } = await ask<ProjectAnswer>("GET", "/api/v1/project", undefined, { signal });
  await ask<SaveAnswer>(method, path, body, { ifMatch: version, signal });
  await loadProject();
}

/** Settings that differ, one a line, as `path: before → after`. */
export function differences(before: unknown, after: unknown, path = ""): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isPlain(before) && isPlain(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) =>
      differences(before[name], after[name], path === "" ? name : `${path}.${name}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((each, index) => differences(each, after[index], `${path}[${index + 1}]`));
  }
  return [`${path}: ${short(before)} → ${short(after)}`];
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function short(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
