import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.tsx";
import { changeProject } from "../parts/draft.ts";
import { notify } from "../parts/notice.ts";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { hrefOf } from "../route.ts";
import { endpoints, progIds, ServerBrowser } from "./server-browser.tsx";

interface NewPair {
  readonly protocol: "opcua" | "opcda";
  readonly server: string;
  readonly alias: string;
  readonly primary: string;
  readonly secondary: string;
  readonly connectionMode: "cold" | "warm" | "hot";
}

const empty: NewPair = {
  protocol: "opcua",
  server: "",
  alias: "",
  primary: "",
  secondary: "",
  connectionMode: "hot",
};

/** What a pair needs at least; everything else has defaults and can be changed afterwards. */
export function AddPair({ onClose }: { readonly onClose: () => void }) {
  const [pair, setPair] = useState(empty);
  const task = useTask();
  const [browsed, setBrowsed] = useState<"server" | "primary" | "secondary" | null>(null);
  const text =
    (name: keyof NewPair) => (event: { readonly currentTarget: HTMLInputElement | HTMLSelectElement }) =>
      setPair({ ...pair, [name]: event.currentTarget.value });
  const add = async (signal: AbortSignal): Promise<void> => {
    await changeProject(signal, "POST", "/api/v1/project/pairs", {
      server: pair.server.trim(),
      protocol: pair.protocol,
      ...(pair.alias.trim() === "" ? {} : { alias: pair.alias.trim() }),
      connectionMode: pair.connectionMode,
      primary: place(pair.primary),
      secondary: place(pair.secondary),
    });
    const name = pair.alias.trim() === "" ? pair.server.trim() : pair.alias.trim();
    notify("done", `${name} is added. It is disabled until you enable it.`);
    onClose();
    location.hash = hrefOf({ view: "pair", pair: name, tab: "general" });
  };
  return (
    <Dialog title="Add pair" onClose={onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          task.run("Add", add);
        }}
      >
        <div class="fields">
          <label>
            Protocol
            <select value={pair.protocol} onChange={text("protocol")}>
              <option value="opcua">OPC UA</option>
              <option value="opcda">OPC DA</option>
            </select>
          </label>
          <label>
            {pair.protocol === "opcda" ? "ProgID of the server" : "Name of the server"}
            <span class="row">
              <input required value={pair.server} onInput={text("server")} />
              {pair.protocol === "opcda" ? (
                <button type="button" onClick={() => setBrowsed("server")}>
                  Browse
                </button>
              ) : null}
            </span>
          </label>
          <label>
            Alias (the name clients see, where it is to be another one)
            <input value={pair.alias} onInput={text("alias")} />
          </label>
          {(["primary", "secondary"] as const).map((role) => (
            <label key={role}>
              {role === "primary" ? "Primary" : "Secondary"} (machine
              {pair.protocol === "opcua" ? " or opc.tcp:// URL" : ""})
              <span class="row">
                <input required value={pair[role]} onInput={text(role)} />
                {pair.protocol === "opcua" ? (
                  <button type="button" onClick={() => setBrowsed(role)}>
                    Browse
                  </button>
                ) : null}
              </span>
            </label>
          ))}
          <label>
            Connection mode
            <select value={pair.connectionMode} onChange={text("connectionMode")}>
              <option value="hot">hot: both connected and subscribed</option>
              <option value="warm">warm: both connected, the active one subscribed</option>
              <option value="cold">cold: one connection at a time</option>
            </select>
          </label>
        </div>
        <TaskProgress task={task} />
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={task.isBusy}>
            Add
          </button>
        </footer>
      </form>
      {browsed === null ? null : (
        <ServerBrowser
          browsed={browsed === "server" ? progIds : endpoints}
          start={pair[browsed === "server" ? "primary" : browsed]}
          onClose={() => setBrowsed(null)}
          onChoose={(value) => {
            setPair({ ...pair, [browsed]: value });
            setBrowsed(null);
          }}
        />
      )}
    </Dialog>
  );
}

/** A machine, or a URL with the machine in it. */
function place(text: string): { readonly machine: string; readonly endpointUrl?: string } {
  const url = /^[a-z.]+:\/\/(?:\[([^\]]+)\]|([^:/]+))/.exec(text.trim());
  const machine = url?.[1] ?? url?.[2];
  return machine === undefined ? { machine: text.trim() } : { machine, endpointUrl: text.trim() };
}
