import { useEffect, useState } from "preact/hooks";
import type { ImportAnswer, ProjectAnswer } from "../../contract.ts";
import { ask } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { loadProject } from "../parts/draft.ts";
import { notify } from "../parts/notice.ts";
import { messageOf, useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";

/** Another project in the place of the present one. */
export type Deployment =
  | { readonly kind: "import"; readonly xml: string }
  /** The project that was replaced last comes back. */
  | { readonly kind: "undo" };

/** Says what another project would change, then puts it in force: as `understudy deploy` and its `--undo`. */
export function DeployDialog(props: { readonly deployment: Deployment; readonly onClose: () => void }) {
  const { deployment, onClose } = props;
  const isImport = deployment.kind === "import";
  const [keepEnabled, setKeepEnabled] = useState(false);
  const [preview, setPreview] = useState<ImportAnswer | string | null>(null);
  const task = useTask();
  const body = deployment.kind === "import" ? deployment.xml : undefined;
  const path = `/api/v1/project/${deployment.kind}${isImport && keepEnabled ? "?keepEnabled=true" : ""}`;
  useEffect(() => {
    const abort = new AbortController();
    const dryRun = `${path}${path.includes("?") ? "&" : "?"}dryRun=true`;
    ask<ImportAnswer>("POST", dryRun, body, { signal: abort.signal }).then(setPreview, (error: unknown) => {
      if (!abort.signal.aborted) setPreview(messageOf(error));
    });
    return () => abort.abort();
  }, [path, body]);
  const apply = async (signal: AbortSignal): Promise<void> => {
    const { version } = await ask<ProjectAnswer>("GET", "/api/v1/project", undefined, { signal });
    const answer = await ask<ImportAnswer>("POST", path, body, { ifMatch: version, signal });
    await loadProject();
    const kept = answer.kept === null ? "" : " The one before is kept: Undo brings it back.";
    notify(
      "done",
      isImport ? `The imported project is in force.${kept}` : "The project before is in force again.",
    );
    onClose();
  };
  const title = isImport ? "Import" : "Undo";
  return (
    <Dialog title={isImport ? "Import project" : "Undo the last import or deployment"} onClose={onClose} wide>
      <Preview preview={preview} />
      {isImport ? (
        <label class="check">
          <input
            type="checkbox"
            checked={keepEnabled}
            onChange={(event) => setKeepEnabled(event.currentTarget.checked)}
          />
          Keep those pairs enabled that are enabled now
        </label>
      ) : null}
      <TaskProgress task={task} />
      <footer>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          disabled={task.isBusy || preview === null || typeof preview === "string"}
          onClick={() => task.run(title, apply)}
        >
          {title}
        </button>
      </footer>
    </Dialog>
  );
}

function Preview({ preview }: { readonly preview: ImportAnswer | string | null }) {
  if (preview === null) return <p class="muted">Comparing …</p>;
  if (typeof preview === "string") {
    return (
      <p class="error" role="alert">
        {preview}
      </p>
    );
  }
  const { text, enabledBefore, enabledAfter, warnings } = preview;
  const disabled = enabledBefore.filter((name) => !enabledAfter.includes(name));
  return (
    <>
      <p>This is what would change:</p>
      <pre>{text === "" ? "Nothing." : text}</pre>
      {disabled.length === 0 ? null : (
        <p role="status">Disabled afterwards, until you enable them: {disabled.join(", ")}.</p>
      )}
      {warnings.map((warning) => (
        <p key={warning} class="error">
          {warning}
        </p>
      ))}
    </>
  );
}
