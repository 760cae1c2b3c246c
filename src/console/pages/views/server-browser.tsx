import { useState } from "preact/hooks";
import type { EndpointsAnswer } from "../../contract.ts";
import { ask } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { useTask } from "../parts/task.ts";

/** Looks for OPC UA endpoints at a machine or URL. */
export function ServerBrowser(props: {
  readonly start: string;
  readonly onChoose: (endpointUrl: string) => void;
  readonly onClose: () => void;
}) {
  const [url, setUrl] = useState(props.start === "" ? "opc.tcp://localhost:4840" : props.start);
  const [servers, setServers] = useState<EndpointsAnswer["endpoints"] | null>(null);
  const [isBusy, run] = useTask();
  const look = async (): Promise<void> => {
    setServers(null);
    const answer = await ask<EndpointsAnswer>(
      "GET",
      `/api/v1/browse/endpoints?url=${encodeURIComponent(url)}`,
    );
    setServers(answer.endpoints);
  };
  return (
    <Dialog title="Find servers" onClose={props.onClose} wide>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          run(look);
        }}
      >
        <input
          aria-label="Machine or URL"
          value={url}
          onInput={(event) => setUrl(event.currentTarget.value)}
        />
        <button type="submit" disabled={isBusy}>
          {isBusy ? "Looking …" : "Look"}
        </button>
      </form>
      {servers?.length === 0 ? <p class="empty">No endpoint there.</p> : null}
      <ul class="choices">
        {servers?.map((server) => (
          <li key={`${server.endpointUrl} ${server.security}`}>
            <button type="button" onClick={() => props.onChoose(server.endpointUrl)}>
              <strong>{server.name}</strong>
              <small>
                {server.endpointUrl} · {server.security}
              </small>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
