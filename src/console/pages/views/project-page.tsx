import { useEffect, useState } from "preact/hooks";
import type { Project } from "../../../project/project.ts";
import { draft, edit, loadProject, schema } from "../parts/draft.ts";
import { Fields } from "../parts/fields.tsx";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { useStore } from "../store.ts";
import { DeployDialog, type Deployment } from "./deploy-dialog.tsx";
import { NotificationTest } from "./notification-test.tsx";

/** Settings of all pairs, and the project as a file. */
export function ProjectPage() {
  const root = useStore(schema);
  const current = useStore(draft);
  const task = useTask();
  const [deployment, setDeployment] = useState<Deployment | null>(null);
  useEffect(() => {
    if (draft.value === null) task.run("Read the project", loadProject);
  }, []);
  const choose = (file: File | undefined): void => {
    if (!file) return;
    task.run("Read the file", async () => setDeployment({ kind: "import", xml: await file.text() }));
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
            onChange={(event) => {
              choose(event.currentTarget.files?.[0]);
              // the same file may be chosen again
              event.currentTarget.value = "";
            }}
          />
        </label>
        <button type="button" onClick={() => setDeployment({ kind: "undo" })}>
          Undo …
        </button>
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
      {deployment ? <DeployDialog deployment={deployment} onClose={() => setDeployment(null)} /> : null}
    </section>
  );
}
