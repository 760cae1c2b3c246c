import { useEffect, useState } from "preact/hooks";
import type { SwitchoverAnswer } from "../../../control/broker-api.ts";
import { otherRole, type Role } from "../../../core/role.ts";
import type { ConsolePair } from "../../contract.ts";
import { ask } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { changeProject } from "../parts/draft.ts";
import { notify } from "../parts/notice.ts";
import { ReasonDialog, ReasonField } from "../parts/reason.tsx";
import { messageOf, useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { hrefOf } from "../route.ts";

type Simple = "enable" | "disable" | "suspend" | "resume" | "approve";
type Asked = Simple | "switchover" | "alias" | "remove";

const texts: Readonly<
  Record<Simple, { readonly title: string; readonly text: string; readonly done: string }>
> = {
  enable: {
    title: "Enable",
    text: "The broker connects to both servers and lets clients in.",
    done: "is enabled",
  },
  disable: {
    title: "Disable",
    text: "Its clients are disconnected, and it is not watched any more.",
    done: "is disabled",
  },
  suspend: {
    title: "Suspend",
    text: "No automatic switchover until it is resumed, whatever happens to the active server.",
    done: "is suspended",
  },
  resume: {
    title: "Resume",
    text: "Automatic switchovers are possible again; what is due happens at once.",
    done: "is resumed",
  },
  approve: { title: "Approve", text: "Carries out the switchover that waits.", done: "is switched over" },
};

/** What can be done with a pair; everything that changes it asks for a reason first. */
export function PairActions({ pair }: { readonly pair: ConsolePair }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const button = (action: Asked, text: string, kind = "") => (
    <button type="button" class={kind} onClick={() => setAsked(action)}>
      {text}
    </button>
  );
  return (
    <div class="toolbar wrap">
      {pair.enabled ? (
        <>
          {pair.awaitingApproval === null
            ? null
            : button("approve", `Approve the ${pair.awaitingApproval}`, "primary")}
          {button("switchover", "Switch over")}
          {pair.suspended ? button("resume", "Resume", "primary") : button("suspend", "Suspend")}
          {button("disable", "Disable")}
        </>
      ) : (
        button("enable", "Enable", "primary")
      )}
      {button("alias", pair.alias === null ? "Alias" : "Alias …")}
      {button("remove", "Remove", "danger")}
      {asked === "switchover" ? <SwitchoverDialog pair={pair} onClose={close} /> : null}
      {asked === "alias" ? <AliasDialog pair={pair} onClose={close} /> : null}
      {asked === "remove" ? <RemoveDialog pair={pair} onClose={close} /> : null}
      {asked !== null && asked in texts ? (
        <SimpleDialog pair={pair} action={asked as Simple} onClose={close} />
      ) : null}
    </div>
  );
}

function SimpleDialog(props: {
  readonly pair: ConsolePair;
  readonly action: Simple;
  readonly onClose: () => void;
}) {
  const { pair, action, onClose } = props;
  const { title, text, done } = texts[action];
  const act = async (reason: string, signal: AbortSignal): Promise<void> => {
    await ask("POST", `/api/v1/pairs/${encodeURIComponent(pair.name)}/${action}`, { reason }, { signal });
    notify("done", `${pair.name} ${done}.`);
  };
  return <ReasonDialog name={pair.name} title={title} text={text} onAct={act} onClose={onClose} />;
}

/** Says what would happen before it does. */
function SwitchoverDialog({ pair, onClose }: { readonly pair: ConsolePair; readonly onClose: () => void }) {
  const [to, setTo] = useState<Role>(pair.active === null ? "primary" : otherRole(pair.active));
  const [force, setForce] = useState(false);
  const [reason, setReason] = useState("");
  const [preview, setPreview] = useState<readonly string[]>([]);
  const task = useTask();
  const path = `/api/v1/pairs/${encodeURIComponent(pair.name)}/switchover`;
  useEffect(() => {
    let isShown = true;
    ask<SwitchoverAnswer>("POST", path, { to, force, dryRun: true }).then(
      ({ explanation }) => isShown && setPreview(explanation),
      (error: unknown) => isShown && setPreview([messageOf(error)]),
    );
    return () => {
      isShown = false;
    };
  }, [path, to, force]);
  const act = async (signal: AbortSignal): Promise<void> => {
    await ask<SwitchoverAnswer>("POST", path, { to, force, reason }, { signal });
    notify("done", `${pair.name} is switched over to the ${to}.`);
    onClose();
  };
  return (
    <Dialog title={`Switch over ${pair.name}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          task.run("Switch over", act);
        }}
      >
        <label>
          To
          <select value={to} onChange={(event) => setTo(event.currentTarget.value as Role)}>
            <option value="primary">primary</option>
            <option value="secondary">secondary</option>
          </select>
        </label>
        <ul class="explanation" aria-live="polite">
          {preview.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
        <label class="check">
          <input
            type="checkbox"
            checked={force}
            onChange={(event) => setForce(event.currentTarget.checked)}
          />
          Also to a member known to be worse
        </label>
        <ReasonField value={reason} onChange={setReason} />
        <TaskProgress task={task} />
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={task.isBusy}>
            Switch over
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function AliasDialog({ pair, onClose }: { readonly pair: ConsolePair; readonly onClose: () => void }) {
  const [alias, setAlias] = useState(pair.alias ?? "");
  const task = useTask();
  const rename =
    (next: string | null) =>
    async (signal: AbortSignal): Promise<void> => {
      await changeProject(signal, "POST", `/api/v1/pairs/${encodeURIComponent(pair.name)}/alias`, {
        alias: next,
      });
      notify("done", `The pair is now called ${next ?? pair.server}.`);
      onClose();
      location.hash = hrefOf({ view: "pair", pair: next ?? pair.server, tab: "general" });
    };
  return (
    <Dialog title={`Alias of ${pair.name}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          task.run("Rename", rename(alias.trim()));
        }}
      >
        <p>The name under which clients see the pair. Clients connected now have to connect anew.</p>
        <label>
          Alias
          <input required value={alias} onInput={(event) => setAlias(event.currentTarget.value)} />
        </label>
        <TaskProgress task={task} />
        <footer>
          {pair.alias === null ? null : (
            <button
              type="button"
              class="danger"
              disabled={task.isBusy}
              onClick={() => task.run("Rename", rename(null))}
            >
              Take the alias away
            </button>
          )}
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={task.isBusy}>
            Rename
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function RemoveDialog({ pair, onClose }: { readonly pair: ConsolePair; readonly onClose: () => void }) {
  const task = useTask();
  const remove = async (signal: AbortSignal): Promise<void> => {
    if (pair.enabled) {
      const path = `/api/v1/pairs/${encodeURIComponent(pair.name)}/disable`;
      await ask("POST", path, { reason: "removed from the project" }, { signal });
    }
    await changeProject(signal, "DELETE", `/api/v1/project/pairs/${encodeURIComponent(pair.name)}`);
    notify("done", `${pair.name} is removed.`);
    onClose();
    location.hash = hrefOf({ view: "pairs" });
  };
  return (
    <Dialog title={`Remove ${pair.name}`} onClose={onClose}>
      <p>
        Its settings go, and its clients ({pair.clients} now) are disconnected. Export the project first if
        you may want it back.
      </p>
      <TaskProgress task={task} />
      <footer>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class="danger"
          disabled={task.isBusy}
          onClick={() => task.run("Remove", remove)}
        >
          Remove
        </button>
      </footer>
    </Dialog>
  );
}
