import { readFile } from "node:fs/promises";
import type { Following } from "../control/broker-api.ts";
import { applyChange, type Move } from "../manage/apply-change.ts";
import type { ProjectDocument } from "../project/project-document.ts";
import { readProject } from "../project/project-file.ts";
import type { ConsoleContext } from "./console-context.ts";
import { ProjectChangedError } from "./console-error.ts";
import type { ProjectAnswer, SaveAnswer } from "./contract.ts";
import { projectVersionOf, versionOfText } from "./routes/project-version.ts";

/** Changes of the project: validated as a whole, saved, applied; or nothing happens. */
export class ProjectChanges {
  readonly #context: Pick<ConsoleContext, "api" | "projectFile" | "stateDirectory">;
  /** They take turns: the version is compared and the file written without another one in between. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(context: Pick<ConsoleContext, "api" | "projectFile" | "stateDirectory">) {
    this.#context = context;
  }

  async current(): Promise<{ readonly document: ProjectDocument; readonly answer: ProjectAnswer }> {
    const { projectFile } = this.#context;
    const document = await readProject(projectFile);
    const version = versionOfText(await readFile(projectFile));
    return { document, answer: { version, file: projectFile, project: document.project } };
  }

  /**
   * Carries work out in its turn, if the project is still the one that was seen (`ifMatch`) and the answer still
   * wanted. Once begun it is carried to its end. Throws PROJECT_CHANGED, CANCELLED.
   */
  inTurn<T>(ifMatch: string | undefined, following: Following, work: () => Promise<T>): Promise<T> {
    return this.alone(following, async () => {
      if (ifMatch?.replaceAll('"', "") !== (await projectVersionOf(this.#context.projectFile))) {
        throw new ProjectChangedError((await this.current()).answer);
      }
      return work();
    });
  }

  /** Also for a look at what would change, which must not take a change under way for one that was cut off. */
  alone<T>({ signal }: Following, work: () => Promise<T>): Promise<T> {
    const begin = async (): Promise<T> => {
      signal?.throwIfAborted();
      return work();
    };
    const result = this.#turn.then(begin, begin);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Edits the project; of a pair that moves, being enabled moves along. */
  edit(
    ifMatch: string | undefined,
    following: Following,
    edit: (document: ProjectDocument) => ProjectDocument,
  ): Promise<SaveAnswer> {
    return this.inTurn(ifMatch, following, async () => {
      following.progress?.("validating");
      const { document } = await this.current();
      return this.save(edit(document), null, following);
    });
  }

  /** Within a turn. */
  async save(document: ProjectDocument, moved: Move | null, { progress }: Following): Promise<SaveAnswer> {
    const { api, projectFile } = this.#context;
    const none = { added: [], removed: [], changed: [], restarted: [] };
    const reload = (await applyChange(this.#context, api, { document, moved }, progress)) ?? none;
    return { version: await projectVersionOf(projectFile), reload };
  }
}
