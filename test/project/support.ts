import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseProject } from "../../src/project/project-document.ts";
import { ProjectError, type ProjectErrorCode } from "../../src/project/project-error.ts";

/** Text of a project whose root element has this content. */
export function projectText(content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<redundancymaster version="2">\n${content}\n</redundancymaster>\n`;
}

/** A pair with all that is required; `more` goes behind. */
export function pairText(server: string, more = ""): string {
  return `<pair><server>${server}</server><protocol>opcua</protocol><primary><machine>a</machine></primary><secondary><machine>b</machine></secondary>${more}</pair>`;
}

export function pairsText(...pairs: readonly string[]): string {
  return projectText(`<pairs>\n${pairs.join("\n")}\n</pairs>`);
}

/** The error with which something is refused. */
export function refusal(action: () => unknown): ProjectError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProjectError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

export function refusalOf(text: string): ProjectError {
  return refusal(() => parseProject(text, "plant.xml"));
}

/** What matters of an error to whoever mends the file. */
export function essence(error: ProjectError): readonly [ProjectErrorCode, string, number | null] {
  return [error.code as ProjectErrorCode, error.path, error.line];
}

/** Runs with an empty directory that is gone afterwards. */
export async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-project-"));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
