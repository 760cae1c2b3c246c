import { type ProjectChanges, projectChanges } from "./difference-text.ts";
import { isPairEnabled, type MachineState } from "./machine-state.ts";
import type { MigrationRecord } from "./migrations/migrate.ts";
import { pairName } from "./project.ts";
import { newProject, type ProjectDocument } from "./project-document.ts";

/** What deploying a project on this machine would change; nothing is changed yet. */
export interface DeploymentPlan {
  readonly changes: ProjectChanges;
  /** Pairs enabled on this machine now. */
  readonly enabledBefore: readonly string[];
  /** Pairs enabled afterwards: none, or those of the new project that are enabled now. */
  readonly enabledAfter: readonly string[];
  /** All pairs of the new project. */
  readonly pairs: readonly string[];
  /** The new project was written in an older version and is installed in today's. */
  readonly migration: MigrationRecord | null;
}

export interface DeploymentOptions {
  /** The project that is here; null = none, or one that cannot be read. */
  readonly present: ProjectDocument | null;
  readonly next: ProjectDocument;
  readonly state: MachineState;
  /** Pairs that are enabled here stay so. Otherwise a deployed project starts with all pairs disabled. */
  readonly keepEnabled: boolean;
}

/** Compares a project that is to be deployed with the one that is here (seed: Deployment). */
export function planDeployment({ present, next, state, keepEnabled }: DeploymentOptions): DeploymentPlan {
  const pairs = next.project.pairs.map(pairName);
  return Object.freeze({
    changes: projectChanges((present ?? newProject(next.file)).project, next.project),
    enabledBefore: state.enabledPairs,
    enabledAfter: keepEnabled ? pairs.filter((name) => isPairEnabled(state, name)) : [],
    pairs,
    migration: next.migration,
  });
}

/** A project without its e-mail settings, for another plant or for somebody else's eyes. */
export function withoutNotifications(document: ProjectDocument): ProjectDocument {
  let stripped = document.setValue("notifications", null);
  for (const index of document.project.pairs.keys()) {
    stripped = stripped.setValue(`pairs/pair[${index + 1}]/notifications`, null);
  }
  for (const index of document.project.servers.keys()) {
    stripped = stripped.setValue(`servers/server[${index + 1}]/notifications`, null);
  }
  return stripped;
}
