import { useEffect, useState } from "preact/hooks";
import type { ServerAnswer, ServerStatus } from "../../../control/servers-api.ts";
import { ask } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { changeProject } from "../parts/draft.ts";
import { notify } from "../parts/notice.ts";
import { ReasonDialog, ReasonField } from "../parts/reason.tsx";
import { messageOf, useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { hrefOf } from "../route.ts";
import { ServerCheckDialog } from "./server-check.tsx";

interface Simple {
  readonly title: string;
  readonly text: string;
  readonly path: string;
  readonly body?: object;
  readonly done: string;
  readonly isDangerous?: boolean;
}

const simple = Object.freeze({
  enable: {
    title: "Watch",
    text: "This machine watches the server, copies what is to be copied, and stands in for it when it fails.",
    path: "enable",
    done: "is watched",
  },
  disable: {
    title: "Disable",
    text: "The server is no longer watched nor copied from this machine.",
    path: "disable",
    done: "is no longer watched",
  },
  suspend: {
    title: "Suspend",
    text: "Maintenance: it is not failed over, and its files are not copied; its databases still are.",
    path: "suspend",
    done: "is suspended",
  },
  stop: {
    title: "Stop",
    text: "Maintenance: it is neither watched nor copied. What changes there is copied after Resume.",
    path: "stop",
    done: "is stopped",
  },
  resume: {
    title: "Resume",
    text: "It is watched again and its copies are brought up to date; a lock is taken away. What is due happens at once.",
    path: "resume",
    done: "is watched again",
  },
  fromLive: {
    title: "Replicate from live",
    text: "Copies all files and databases of the live server to this machine now.",
    path: "replicate",
    body: { direction: "fromLive" },
    done: "is being copied",
  },
  toLive: {
    title: "Replicate to live",
    text: "Copies all files and databases of this machine to the live server, whose own data are replaced.",
    path: "replicate",
    body: { direction: "toLive" },
    done: "is being written to",
    isDangerous: true,
  },
} as const satisfies Readonly<Record<string, Simple>>);

interface Order {
  readonly title: string;
  readonly text: string;
  readonly path: string;
  readonly done: string;
}

const orders = Object.freeze({
  failover: {
    title: "Failover now",
    text: "This machine takes over the server's role, whether it is well or not.",
    path: "failover",
    done: "The takeover has begun.",
  },
  approve: {
    title: "Approve the takeover",
    text: "The takeover that waits is carried out.",
    path: "approve",
    done: "The takeover has begun.",
  },
  approveFailback: {
    title: "Approve the failback",
    text: "The failback that waits is carried out.",
    path: "approve",
    done: "The failback has begun.",
  },
  test: {
    title: "Test the takeover",
    text: "The plan is carried out in a network of its own, cut off from all others, and undone at the end.",
    path: "failover-test",
    done: "The test has begun.",
  },
  failback: {
    title: "Fail back",
    text: "The server gets its role back: services stop here, data go back, addresses and names follow.",
    path: "failback",
    done: "The failback has begun.",
  },
} as const satisfies Readonly<Record<string, Order>>);

type Asked = keyof typeof simple | keyof typeof orders | "remove" | "check";

/** What can be done with a protected server; orders show their plan before they are given. */
export function ServerActions({ server }: { readonly server: ServerStatus }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const button = (action: Asked, text: string, kind = "") => (
    <button type="button" class={kind} onClick={() => setAsked(action)}>
      {text}
    </button>
  );
  const { enabled, condition, role, locked, awaitingApproval } = server;
  const isResting = condition === "suspended" || condition === "stopped";
  const isLive = role === "live";
  return (
    <div class="toolbar wrap">
      {!enabled ? button("enable", "Watch", "primary") : null}
      {enabled && awaitingApproval && isLive ? button("approve", "Approve the takeover", "primary") : null}
      {enabled && awaitingApproval && !isLive
        ? button("approveFailback", "Approve the failback", "primary")
        : null}
      {enabled && (isResting || locked) ? button("resume", "Resume", "primary") : null}
      {enabled && isLive ? button("failover", "Failover now …") : null}
      {enabled && !isLive ? button("failback", "Fail back …", "primary") : null}
      {enabled && role === "partly" ? button("failover", "Carry the takeover on …") : null}
      {enabled && isLive ? button("test", "Test …") : null}
      {button("check", "Check")}
      {enabled && isLive && !isResting ? button("suspend", "Suspend") : null}
      {enabled && isLive && condition !== "stopped" ? button("stop", "Stop") : null}
      {enabled && server.copies.length > 0 ? (
        <>
          {isLive ? button("fromLive", "Replicate from live") : null}
          {button("toLive", "Replicate to live …")}
        </>
      ) : null}
      {enabled && isLive ? button("disable", "Disable") : null}
      {button("remove", "Remove", "danger")}
      {asked !== null && asked in simple ? (
        <SimpleDialog server={server} action={simple[asked as keyof typeof simple]} onClose={close} />
      ) : null}
      {asked !== null && asked in orders ? (
        <OrderDialog server={server} order={orders[asked as keyof typeof orders]} onClose={close} />
      ) : null}
      {asked === "remove" ? <RemoveDialog server={server} onClose={close} /> : null}
      {asked === "check" ? <ServerCheckDialog server={server.name} onClose={close} /> : null}
    </div>
  );
}

export function pathOf(server: string): string {
  return `/api/v1/servers/${encodeURIComponent(server)}`;
}

function SimpleDialog(props: {
  readonly server: ServerStatus;
  readonly action: Simple;
  readonly onClose: () => void;
}) {
  const { server, action, onClose } = props;
  const { title, text, path, body = {}, done, isDangerous = false } = action;
  const act = async (reason: string, signal: AbortSignal): Promise<void> => {
    await ask("POST", `${pathOf(server.name)}/${path}`, { ...body, reason }, { signal });
    notify("done", `${server.name} ${done}.`);
  };
  return (
    <ReasonDialog
      name={server.name}
      title={title}
      text={text}
      isDangerous={isDangerous}
      onAct={act}
      onClose={onClose}
    />
  );
}

/** Shows the plan, step by step, before it is carried out. */
function OrderDialog(props: {
  readonly server: ServerStatus;
  readonly order: Order;
  readonly onClose: () => void;
}) {
  const { server, order, onClose } = props;
  const { title, text, path, done } = order;
  const [reason, setReason] = useState("");
  const [plan, setPlan] = useState<ServerAnswer | string | null>(null);
  const task = useTask();
  const url = `${pathOf(server.name)}/${path}`;
  useEffect(() => {
    const abort = new AbortController();
    ask<ServerAnswer>("POST", url, { dryRun: true }, { signal: abort.signal }).then(
      (answer) => setPlan(answer),
      (error: unknown) => {
        if (!abort.signal.aborted) setPlan(messageOf(error));
      },
    );
    return () => abort.abort();
  }, [url]);
  const act = async (signal: AbortSignal): Promise<void> => {
    const answer = await ask<ServerAnswer>("POST", url, { reason }, { signal });
    if (answer.accepted) {
      notify("done", done);
      onClose();
    } else setPlan(answer);
  };
  return (
    <Dialog title={`${title}: ${server.name}`} onClose={onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          task.run(title, act);
        }}
      >
        <p>{text}</p>
        <Plan plan={plan} />
        <ReasonField value={reason} onChange={setReason} />
        <TaskProgress task={task} />
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="danger" disabled={task.isBusy}>
            {title}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Plan({ plan }: { readonly plan: ServerAnswer | string | null }) {
  if (plan === null) return <p class="muted">Asking for the plan …</p>;
  if (typeof plan === "string") {
    return (
      <p class="error" role="alert">
        {plan}
      </p>
    );
  }
  return (
    <ol class="explanation plan" aria-label="The plan">
      {plan.explanation.map((line) => (
        <li key={line} class={!plan.accepted || line.includes("(would fail: ") ? "error" : ""}>
          {line}
        </li>
      ))}
    </ol>
  );
}

function RemoveDialog({ server, onClose }: { readonly server: ServerStatus; readonly onClose: () => void }) {
  const task = useTask();
  const remove = async (signal: AbortSignal): Promise<void> => {
    if (server.enabled && server.role === "live") {
      await ask("POST", `${pathOf(server.name)}/disable`, { reason: "removed from the project" }, { signal });
    }
    await changeProject(signal, "DELETE", `/api/v1/project/servers/${encodeURIComponent(server.name)}`);
    notify("done", `${server.name} is removed.`);
    onClose();
    location.hash = hrefOf({ view: "servers" });
  };
  return (
    <Dialog title={`Remove ${server.name}`} onClose={onClose}>
      <p>
        Its settings go, and it is no longer watched. Its copies on this machine stay.
        {server.role === "live"
          ? ""
          : " This machine goes on standing in for it until the role is given back."}
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
