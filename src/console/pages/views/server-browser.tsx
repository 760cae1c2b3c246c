import { useState } from "preact/hooks";
import type { EndpointsAnswer, ProgIdsAnswer } from "../../contract.ts";
import { ask } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";

interface Choice {
  readonly value: string;
  readonly title: string;
  readonly text: string;
}

interface Browsed {
  readonly title: string;
  readonly field: string;
  readonly start: string;
  readonly nothing: string;
  readonly find: (where: string, signal: AbortSignal) => Promise<readonly Choice[]>;
}

/** Looks for OPC UA endpoints at a machine or URL. */
export const endpoints: Browsed = {
  title: "Find endpoints",
  field: "Machine or URL",
  start: "opc.tcp://localhost:4840",
  nothing: "No endpoint there.",
  find: async (url, signal) => {
    const path = `/api/v1/browse/endpoints?url=${encodeURIComponent(url)}`;
    const answer = await ask<EndpointsAnswer>("GET", path, undefined, { signal });
    return answer.endpoints.map(({ name, endpointUrl, security }) => ({
      value: endpointUrl,
      title: name,
      text: `${endpointUrl} · ${security}`,
    }));
  },
};

/** Looks for the OPC DA servers that are registered at a machine. */
export const progIds: Browsed = {
  title: "Find OPC DA servers",
  field: "Machine",
  start: "",
  nothing: "No OPC DA server is registered there.",
  find: async (machine, signal) => {
    const where = machine.trim() === "" ? "" : `?machine=${encodeURIComponent(machine.trim())}`;
    const answer = await ask<ProgIdsAnswer>("GET", `/api/v1/browse/progids${where}`, undefined, { signal });
    return answer.servers.map(({ progId, description, clsid }) => ({
      value: progId,
      title: progId,
      text: `${description} · ${clsid}`,
    }));
  },
};

/** To pick a server instead of typing it. */
export function ServerBrowser(props: {
  readonly browsed: Browsed;
  /** Where to look first; empty = where most are. */
  readonly start: string;
  readonly onChoose: (value: string) => void;
  readonly onClose: () => void;
}) {
  const { title, field, start, nothing, find } = props.browsed;
  const [where, setWhere] = useState(props.start === "" ? start : props.start);
  const [found, setFound] = useState<readonly Choice[] | null>(null);
  const task = useTask(true);
  const look = async (signal: AbortSignal): Promise<void> => {
    setFound(null);
    setFound(await find(where, signal));
  };
  return (
    <Dialog title={title} onClose={props.onClose} wide>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          task.run("Look", look);
        }}
      >
        <input
          aria-label={field}
          placeholder={start === "" ? "this machine" : start}
          value={where}
          onInput={(event) => setWhere(event.currentTarget.value)}
        />
        <button type="submit" disabled={task.isBusy}>
          Look
        </button>
      </form>
      <TaskProgress task={task} />
      {found?.length === 0 ? <p class="empty">{nothing}</p> : null}
      <ul class="choices">
        {found?.map(({ value, title: name, text }) => (
          <li key={`${value} ${text}`}>
            <button type="button" onClick={() => props.onChoose(value)}>
              <strong>{name}</strong>
              <small>{text}</small>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
