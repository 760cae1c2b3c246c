import { useState } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { useTask } from "./task.ts";
import { TaskProgress } from "./task-progress.tsx";

/** What ends up in the events. */
export function ReasonField(props: { readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <label>
      Reason (ends up in the events)
      <input
        maxLength={500}
        value={props.value}
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
    </label>
  );
}

/** Says what an action does, asks for a reason, then does it. */
export function ReasonDialog(props: {
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly isDangerous?: boolean;
  readonly onAct: (reason: string, signal: AbortSignal) => Promise<void>;
  readonly onClose: () => void;
}) {
  const { name, title, text, onAct, onClose } = props;
  const [reason, setReason] = useState("");
  const task = useTask();
  return (
    <Dialog title={`${title} ${name}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          task.run(title, async (signal) => {
            await onAct(reason, signal);
            onClose();
          });
        }}
      >
        <p>{text}</p>
        <ReasonField value={reason} onChange={setReason} />
        <TaskProgress task={task} />
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={props.isDangerous ? "danger" : "primary"} disabled={task.isBusy}>
            {title}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
