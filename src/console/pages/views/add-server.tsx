import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.tsx";
import { changeProject } from "../parts/draft.ts";
import { notify } from "../parts/notice.ts";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { hrefOf } from "../route.ts";

const empty = { name: "", address: "", witnesses: "", assumed: "", interface: "", units: "" };

/** What a protected server needs at least; everything else has defaults and can be changed afterwards. */
export function AddServer({ onClose }: { readonly onClose: () => void }) {
  const [server, setServer] = useState(empty);
  const task = useTask();
  const text =
    (name: keyof typeof empty) =>
    (event: { readonly currentTarget: HTMLInputElement }): void =>
      setServer({ ...server, [name]: event.currentTarget.value });
  const add = async (signal: AbortSignal): Promise<void> => {
    const name = server.name.trim();
    const assumed = server.assumed.trim();
    await changeProject(signal, "POST", "/api/v1/project/servers", {
      name,
      address: server.address.trim(),
      witnesses: words(server.witnesses),
      takeover: {
        assumeIpAddress: assumed !== "",
        addresses: assumed === "" ? [] : [{ address: assumed, interface: server.interface.trim() }],
        services: words(server.units).map((unit) => ({ name: unit, unit })),
      },
    });
    notify("done", `${name} is added. It is not watched until you say so.`);
    onClose();
    location.hash = hrefOf({ view: "server", server: name, tab: "general" });
  };
  return (
    <Dialog title="Add server" onClose={onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          task.run("Add", add);
        }}
      >
        <div class="fields">
          <label>
            Name
            <input required value={server.name} onInput={text("name")} />
          </label>
          <label>
            Address
            <input required value={server.address} onInput={text("address")} />
          </label>
          <label>
            Witnesses (pinged to tell a failed server from a cut-off stand-in)
            <input placeholder="192.0.2.1 192.0.2.2" value={server.witnesses} onInput={text("witnesses")} />
          </label>
          <label>
            Address to assume, with prefix length
            <input placeholder="none" value={server.assumed} onInput={text("assumed")} />
          </label>
          <label>
            On this machine's interface
            <input
              required={server.assumed.trim() !== ""}
              placeholder="eth0"
              value={server.interface}
              onInput={text("interface")}
            />
          </label>
          <label>
            systemd units to start, in this order
            <input placeholder="none" value={server.units} onInput={text("units")} />
          </label>
        </div>
        <p class="hint">
          Probes, replication, scripts, DNS and all numbers are settings of the server's page.
        </p>
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
    </Dialog>
  );
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}
