import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.tsx";
import { differences, discard, draft, isModified, loadProject, save } from "../parts/draft.ts";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { useStore } from "../store.ts";

/** Says that settings were edited and are not in force, until they are saved or discarded. */
export function ModifiedBar() {
  const current = useStore(draft);
  const [isShowing, setShowing] = useState(false);
  const task = useTask();
  if (!current || !isModified(current)) return null;
  const changes = differences(current.saved.project, current.edited);
  return (
    <section class="modified" aria-label="Configuration modified">
      <strong>Configuration modified</strong>
      <button type="button" class="link" onClick={() => setShowing(true)}>
        {changes.length} {changes.length === 1 ? "change" : "changes"}
      </button>
      <span class="grow" />
      <button type="button" onClick={discard}>
        Discard
      </button>
      <button type="button" class="primary" disabled={task.isBusy} onClick={() => task.run("Save", save)}>
        Save
      </button>
      {current.conflict ? null : <TaskProgress task={task} />}
      {isShowing ? (
        <Dialog title="Changes" onClose={() => setShowing(false)} wide>
          <Lines lines={changes} />
        </Dialog>
      ) : null}
      {current.conflict ? (
        <Dialog
          title="Somebody else has saved meanwhile"
          onClose={() => draft.set({ ...current, conflict: null })}
          wide
        >
          <h3>What the other one changed</h3>
          <Lines lines={differences(current.saved.project, current.conflict.project)} />
          <h3>What your version would change of that</h3>
          <Lines lines={differences(current.conflict.project, current.edited)} />
          <TaskProgress task={task} />
          <footer>
            <button type="button" onClick={() => task.run("Load", loadProject)}>
              Take theirs, discard mine
            </button>
            <button type="button" class="danger" onClick={() => task.run("Save", save)}>
              Save mine over it
            </button>
          </footer>
        </Dialog>
      ) : null}
    </section>
  );
}

function Lines({ lines }: { readonly lines: readonly string[] }) {
  return (
    <ul class="differences">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
