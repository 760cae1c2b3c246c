import { UnderstudyError } from "../core/error.ts";
import type { Field } from "./field.ts";
import type { Project } from "./project.ts";
import { childPath } from "./read-values.ts";
import { projectField } from "./schema.ts";
import { resolveSecret, type SecretContext } from "./secret.ts";

/** Where a project refers to a secret. */
export interface SecretUse {
  readonly path: string;
  readonly reference: string;
}

/** A secret that cannot be had here; the message names its place and never the secret. */
export interface MissingSecret {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** All references to secrets, in the order of the project. */
export function secretUses(project: Project): readonly SecretUse[] {
  return usesIn(projectField, project, "");
}

function usesIn(field: Field, value: unknown, path: string): SecretUse[] {
  if (value === null || value === undefined) return [];
  if (field.kind === "string" && field.secretReference) return [{ path, reference: String(value) }];
  if (field.kind === "object") {
    const members = value as Readonly<Record<string, unknown>>;
    return [...field.properties].flatMap(([name, property]) =>
      usesIn(property, members[name], childPath(path, name)),
    );
  }
  if (field.kind === "array") {
    return (value as readonly unknown[]).flatMap((entry, index) =>
      usesIn(field.item, entry, childPath(path, `${field.element}[${index + 1}]`)),
    );
  }
  return [];
}

/** The secrets of a project that this process cannot resolve. Secrets that are found are read and forgotten. */
export async function missingSecrets(
  project: Project,
  context: SecretContext,
): Promise<readonly MissingSecret[]> {
  const missing: MissingSecret[] = [];
  for (const { path, reference } of secretUses(project)) {
    try {
      await resolveSecret(reference, context);
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      missing.push({ path, code: error.code, message: error.message });
    }
  }
  return missing;
}
