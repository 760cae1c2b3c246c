import { useEffect, useMemo } from "preact/hooks";
import type { CopyStatus, ServerStatus } from "../../../control/servers-api.ts";
import type { ServerSettings } from "../../../project/server.ts";
import { ask } from "../api.ts";
import { status } from "../live.ts";
import { Badge, type StateWord } from "../parts/badge.tsx";
import { draft, editServer, loadProject, schema } from "../parts/draft.ts";
import { Fields } from "../parts/fields.tsx";
import { notify } from "../parts/notice.ts";
import { resolved } from "../parts/schema.ts";
import { ConditionBadge, isServerTrouble, RoleBadges, roleText } from "../parts/server-state.tsx";
import { useTask } from "../parts/task.ts";
import { durationText, timeText } from "../parts/time.ts";
import { hrefOf, type ServerTab, serverTabs } from "../route.ts";
import { useStore } from "../store.ts";
import { EventList } from "./event-list.tsx";
import { LastTrouble } from "./last-trouble.tsx";
import { NotificationTest } from "./notification-test.tsx";
import { pathOf, ServerActions } from "./server-actions.tsx";
import { Work } from "./server-work.tsx";

const titles: Readonly<Record<ServerTab, string>> = {
  general: "General",
  probes: "Probes",
  replication: "Replication",
  takeover: "Takeover",
  diagnostics: "Diagnostics",
  notifications: "Notifications",
};

const settingsOf: Readonly<Record<ServerTab, readonly string[]>> = {
  general: ["address", "maintenanceAddress", "failover"],
  probes: ["probes", "probeCombination", "witnesses", "pingInterval", "pingTimeout"],
  replication: ["replication"],
  takeover: ["takeover", "failback"],
  diagnostics: [],
  notifications: ["notifications"],
};

export function ServerPage({ name, tab }: { readonly name: string; readonly tab: ServerTab }) {
  const current = useStore(status);
  const task = useTask();
  useEffect(() => {
    if (draft.value === null) task.run("Read the settings", loadProject);
  }, []);
  const server = current?.servers.find((each) => each.name === name);
  if (!current) return <p class="empty">Asking the broker …</p>;
  if (!server) {
    return (
      <p class="empty">
        There is no protected server {name} any more. <a href={hrefOf({ view: "servers" })}>All servers</a>
      </p>
    );
  }
  return (
    <article>
      <div class="toolbar wrap">
        <h1>{server.name}</h1>
        <ConditionBadge server={server} />
        <RoleBadges server={server} />
        <span class="muted">{server.address}</span>
        {server.timeToFailMs === null ? null : (
          <span class={server.missed > 0 ? "countdown error" : "countdown muted"}>
            {server.missed > 0 ? `${server.missed} of ${server.limit} rounds missed, ` : ""}
            time to fail {durationText(server.timeToFailMs)}
          </span>
        )}
      </div>
      {server.blockedBy === null ? null : (
        <p class="error" role="alert">
          This machine stands in for {server.blockedBy}, and so cannot stand in for {server.name}.
        </p>
      )}
      {isServerTrouble(server) ? (
        <LastTrouble
          name={server.name}
          href={hrefOf({ view: "server", server: server.name, tab: "diagnostics" })}
        />
      ) : null}
      <ServerActions server={server} />
      <nav class="tabs" aria-label={`Settings of ${server.name}`}>
        {serverTabs.map((each) => (
          <a
            key={each}
            href={hrefOf({ view: "server", server: server.name, tab: each })}
            aria-current={each === tab ? "page" : undefined}
          >
            {titles[each]}
          </a>
        ))}
      </nav>
      <TabContent server={server} tab={tab} />
    </article>
  );
}

function TabContent({ server, tab }: { readonly server: ServerStatus; readonly tab: ServerTab }) {
  // what the status changes every second is not the settings: the form is kept as it is
  const settings = useMemo(
    () => <Settings server={server.name} only={settingsOf[tab]} />,
    [server.name, tab],
  );
  switch (tab) {
    case "general":
      return (
        <>
          <Works server={server} />
          <Facts server={server} />
          {settings}
        </>
      );
    case "probes":
      return (
        <>
          <Probes server={server} />
          {settings}
        </>
      );
    case "replication":
      return (
        <>
          <Copies copies={server.copies} />
          {settings}
        </>
      );
    case "takeover":
      return settings;
    case "diagnostics":
      return <EventList pair={server.name} />;
    case "notifications":
      return (
        <>
          <NotificationTest pair={server.name} />
          {settings}
        </>
      );
  }
}

function Works({ server: { name, work, lastWork } }: { readonly server: ServerStatus }) {
  const task = useTask();
  const cancel = () =>
    task.run("Break off", async () => {
      await ask("POST", `${pathOf(name)}/cancel`, {});
      notify("done", "It ends after the step that is being done.");
    });
  if (work !== null) return <Work work={work} onCancel={cancel} />;
  return lastWork === null ? null : <Work work={lastWork} />;
}

function Facts({ server }: { readonly server: ServerStatus }) {
  const { lastRound } = server;
  return (
    <dl>
      <div>
        <dt>Role</dt>
        <dd>{roleText(server)}</dd>
      </div>
      <div>
        <dt>Last round</dt>
        <dd>{lastRound === null ? "none yet" : `${lastRound.verdict}: ${lastRound.detail}`}</dd>
      </div>
      <div>
        <dt>In one line</dt>
        <dd>{server.description}</dd>
      </div>
    </dl>
  );
}

const verdicts: Readonly<Record<string, StateWord>> = Object.freeze({
  well: { word: "Well", tone: "good", sign: "tick" },
  failed: { word: "Failed", tone: "bad", sign: "cross" },
  unknown: { word: "Cannot tell", tone: "warning", sign: "question" },
});
const noVerdict: StateWord = { word: "Not asked", tone: "neutral", sign: "dash" };

function Probes({ server: { lastRound } }: { readonly server: ServerStatus }) {
  if (lastRound === null) return <p class="empty">No round of probes yet.</p>;
  return (
    <section aria-label="Last round">
      <h2>
        Round {lastRound.number}: {lastRound.verdict} <small>{Math.round(lastRound.tookMs)} ms</small>
      </h2>
      <ul class="findings">
        {lastRound.probes.map(({ name, verdict, detail }) => (
          <li key={name}>
            <Badge {...(verdicts[verdict] ?? noVerdict)} />
            <span>
              <strong>{name}</strong> <small>{detail}</small>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Copies({ copies }: { readonly copies: readonly CopyStatus[] }) {
  if (copies.length === 0) return <p class="empty">Nothing is copied from this server.</p>;
  return (
    <section aria-label="Copies">
      {copies.map((copy) => (
        <Copy key={`${copy.kind} ${copy.name}`} copy={copy} />
      ))}
    </section>
  );
}

function Copy({ copy }: { readonly copy: CopyStatus }) {
  const { kind, name, phase, percent, bytes, bytesPerSecond, completeUntil, lagMs, lastError, detail } = copy;
  const isRetrying = phase === "retrying";
  return (
    <div class="card">
      <div class="row">
        <strong>{name}</strong>
        <span class="muted">{kind === "files" ? "files" : "database"}</span>
        <span class={isRetrying ? "error" : "muted"}>{phase}</span>
      </div>
      {percent === null ? null : (
        <div class="row">
          <progress max={100} value={percent} aria-label={`Copy of ${name}`} />
          <span>
            {Math.round(percent)} %, {bytesText(bytes)}
            {bytesPerSecond > 0 ? `, ${bytesText(bytesPerSecond)}/s` : ""}
          </span>
        </div>
      )}
      <p class="hint">
        {completeUntil === null ? "not yet complete once" : `complete until ${timeText(completeUntil)}`}
        {lagMs === null ? "" : `, ${durationText(lagMs)} behind`}
        {detail === "" ? "" : `; ${detail}`}
      </p>
      {lastError === null ? null : (
        <p class={isRetrying ? "error" : "muted"}>
          {lastError.message} ({lastError.code}, {timeText(lastError.at)})
        </p>
      )}
    </div>
  );
}

function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

function Settings({ server, only }: { readonly server: string; readonly only: readonly string[] }) {
  const root = useStore(schema);
  const current = useStore(draft);
  if (only.length === 0) return null;
  const settings = current?.edited.servers.find((each) => each.name === server);
  const node = root?.$defs?.["server"];
  if (!root || !node || !settings) return <p class="empty">Reading the settings …</p>;
  return (
    <section aria-label="Settings">
      <h2>Settings</h2>
      <Fields
        root={root}
        node={resolved(root, node)}
        value={settings}
        only={only}
        onChange={(value) => editServer(server, () => value as ServerSettings)}
      />
    </section>
  );
}
