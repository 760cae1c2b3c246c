import { useEffect, useState } from "preact/hooks";
import type { CheckFinding, ServerCheck } from "../../../control/servers-api.ts";
import { ask } from "../api.ts";
import { Badge, type StateWord } from "../parts/badge.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { pathOf } from "./server-actions.tsx";

const words: Readonly<Record<CheckFinding["verdict"], StateWord>> = Object.freeze({
  ok: { word: "OK", tone: "good", sign: "tick" },
  warning: { word: "Warning", tone: "warning", sign: "mark" },
  failed: { word: "Failed", tone: "bad", sign: "cross" },
});

const ranks: readonly CheckFinding["verdict"][] = ["failed", "warning", "ok"];

/** Whether a takeover could succeed; the worst findings first. */
export function ServerCheckDialog(props: { readonly server: string; readonly onClose: () => void }) {
  const { server, onClose } = props;
  const [check, setCheck] = useState<ServerCheck | null>(null);
  const task = useTask(true);
  const look = async (signal: AbortSignal): Promise<void> => {
    setCheck(null);
    setCheck(await ask<ServerCheck>("POST", `${pathOf(server)}/check`, {}, { signal }));
  };
  useEffect(() => task.run("Check", look), [server]);
  const findings = [...(check?.findings ?? [])].sort(
    (one, other) => ranks.indexOf(one.verdict) - ranks.indexOf(other.verdict),
  );
  return (
    <Dialog title={`Check ${server}`} onClose={onClose} wide>
      <p>Looks at all that a takeover and the copies depend on, and changes nothing.</p>
      <TaskProgress task={task} />
      <ul class="findings" aria-label="Findings">
        {findings.map((finding) => (
          <li key={`${finding.part} ${finding.name}`}>
            <Badge {...words[finding.verdict]} />
            <span>
              <strong>{finding.name}</strong> <small>{finding.detail}</small>
            </span>
          </li>
        ))}
      </ul>
      <footer>
        <button type="button" disabled={task.isBusy} onClick={() => task.run("Check", look)}>
          Check again
        </button>
        <button type="button" class="primary" onClick={onClose}>
          Close
        </button>
      </footer>
    </Dialog>
  );
}
