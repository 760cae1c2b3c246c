import { useEffect, useState } from "preact/hooks";
import type { Project } from "../../../project/project.ts";
import type { ImportAnswer, ProjectAnswer } from "../../contract.ts";
import { ask } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { draft, edit, loadProject, schema } from "../parts/draft.ts";
import { Fields } from "../parts/fields.tsx";
import { notify } from "../parts/notice.ts";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { useStore } from "../store.ts";
import { NotificationTest } from "./notification-test.tsx";

/** Settings of all pairs, and the project as a file. */
export function ProjectPage() {
  const root = useStore(schema);
  const current = useStore(draft);
  const task = useTask();
  const [upload, setUpload] = useState<{ readonly xml: string; readonly text: string } | null>(null);
  useEffect(() => {
    if (draft.value === null) task.run("Read the project", loadProject);
  }, []);
  const choose = (file: File | undefined): void => {
    if (!file) return;
    task.run("Compare", async (signal) => {
      const xml = await file.text();
      const path = "/api/v1/project/import?dryRun=true";
      const { text } = await ask<ImportAnswer>("POST", path, xml, { signal });
      setUpload({ xml, text });
    });
  };
  if (!root || !current) return <p class="empty">Reading the project …</p>;
  return (
    <section aria-label="Project">
      <h1>Project</h1>
      <p class="muted">{current.saved.file}</p>
      <div class="toolbar wrap">
        <a class="button" href="/api/v1/project/export" download="redundancymaster.xml">
          Export
        </a>
        <a class="button" href="/api/v1/project/export?notifications=false" download="redundancymaster.xml">
          Export without notifications
        </a>
        <label class="button">
          Import …
          <input
            type="file"
            class="hidden"
            accept=".xml,application/xml"
            onChange={(event) => choose(event.currentTarget.files?.[0])}
          />
        </label>
      </div>
      <TaskProgress task={task} />
      <NotificationTest pair={null} />
      <Fields
        root={root}
        node={root}
        value={current.edited}
        only={["notifications", "diagnostics", "opcUa", "console"]}
        onChange={(value) => edit(() => value as Project)}
      />
      {upload ? <ImportDialog {...upload} onClose={() => setUpload(null)} /> : null}
    </section>
  );
}

function ImportDialog(props: { readonly xml: string; readonly text: string; readonly onClose: () => void }) {
  const task = useTask();
  const apply = async (signal: AbortSignal): Promise<void> => {
    const { version } = await ask<ProjectAnswer>("GET", "/api/v1/project", undefined, { signal });
    await ask<ImportAnswer>("POST", "/api/v1/project/import", props.xml, { ifMatch: version, signal });
    await loadProject();
    notify("done", "The imported project is in force.");
    props.onClose();
  };
  return (
    <Dialog title="Import project" onClose={props.onClose} wide>
      <p>This is what would change:</p>
      <pre>{props.text === "" ? "Nothing." : props.text}</pre>
      <TaskProgress task={task} />
      <footer>
        <button type="button" onClick={props.onClose}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          disabled={task.isBusy}
          onClick={() => task.run("Import", apply)}
        >
          Import
        </button>
      </footer>
    </Dialog>
  );
}
