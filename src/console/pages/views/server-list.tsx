import { useState } from "preact/hooks";
import type { CopyStatus, ServerStatus } from "../../../control/servers-api.ts";
import { status } from "../live.ts";
import { ConditionBadge, RoleBadges } from "../parts/server-state.tsx";
import { durationText } from "../parts/time.ts";
import { hrefOf } from "../route.ts";
import { useStore } from "../store.ts";
import { AddServer } from "./add-server.tsx";
import { WorkLine } from "./server-work.tsx";

/** All protected servers. */
export function ServerList() {
  const current = useStore(status);
  const [isAdding, setAdding] = useState(false);
  if (!current) return <p class="empty">Asking the broker …</p>;
  return (
    <section aria-label="Servers">
      <div class="toolbar wrap">
        <h1>Servers</h1>
        <span class="muted">whole machines that this one watches and stands in for</span>
        <span class="grow" />
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add server
        </button>
      </div>
      {current.servers.length === 0 ? (
        <p class="empty">
          The project has no protected server yet. Add one: a machine whose role this one takes over when it
          fails.
        </p>
      ) : (
        <table class="pairs">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Server</th>
              <th scope="col">Time to fail</th>
              <th scope="col">Copies</th>
              <th scope="col">Under way</th>
            </tr>
          </thead>
          <tbody>
            {current.servers.map((server) => (
              <Row key={server.name} server={server} />
            ))}
          </tbody>
        </table>
      )}
      {isAdding ? <AddServer onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

function Row({ server }: { readonly server: ServerStatus }) {
  return (
    <tr>
      <td>
        <span class="badges">
          <ConditionBadge server={server} />
          <RoleBadges server={server} />
        </span>
      </td>
      <th scope="row">
        <a href={hrefOf({ view: "server", server: server.name, tab: "general" })}>{server.name}</a>
        <small>{server.address}</small>
      </th>
      <td data-label="Time to fail">
        {server.timeToFailMs === null ? "–" : durationText(server.timeToFailMs)}
        {server.missed > 0 ? (
          <small>
            {server.missed} of {server.limit} rounds missed
          </small>
        ) : null}
      </td>
      <td data-label="Copies">{copiesText(server.copies)}</td>
      <td data-label="Under way">{server.work === null ? "–" : <WorkLine work={server.work} />}</td>
    </tr>
  );
}

function copiesText(copies: readonly CopyStatus[]): string {
  if (copies.length === 0) return "none";
  const failed = copies.filter(({ phase }) => phase === "retrying").length;
  if (failed > 0) return `${failed} of ${copies.length} failed`;
  const whole = copies.filter(({ completeUntil }) => completeUntil !== null).length;
  return `${whole} of ${copies.length} complete`;
}
