import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { MonitorItem, Pair } from "../../../project/project.ts";
import type { ConsolePair } from "../../contract.ts";
import { status } from "../live.ts";
import { draft, editPair, loadProject, nameOf, schema } from "../parts/draft.ts";
import { Fields } from "../parts/fields.tsx";
import { isTrouble, StateBadge, stateOf } from "../parts/health.tsx";
import { resolved, type SchemaNode } from "../parts/schema.ts";
import { useTask } from "../parts/task.ts";
import { counted } from "../parts/time.ts";
import { hrefOf, type Tab, tabs } from "../route.ts";
import { useStore } from "../store.ts";
import { EventList } from "./event-list.tsx";
import { ItemBrowser } from "./item-browser.tsx";
import { LastTrouble } from "./last-trouble.tsx";
import { NotificationTest } from "./notification-test.tsx";
import { PairActions } from "./pair-actions.tsx";
import { PairPicture } from "./pair-picture.tsx";
import { Timeline } from "./timeline.tsx";

const settingsOf: Readonly<Record<Tab, readonly string[]>> = {
  general: [
    "primary",
    "secondary",
    "connectionMode",
    "alwaysReconnectToPrimary",
    "queryServerStatusInterval",
    "queryServerStatusTimeout",
    "port",
    "failover",
  ],
  monitoring: ["monitorItems", "monitorItemFailureCount"],
  diagnostics: ["diagnostics"],
  notifications: ["notifications"],
};
const titles: Readonly<Record<Tab, string>> = {
  general: "General",
  monitoring: "Monitoring",
  diagnostics: "Diagnostics",
  notifications: "Notifications",
};

export function PairPage({ name, tab }: { readonly name: string; readonly tab: Tab }) {
  const current = useStore(status);
  const task = useTask();
  useEffect(() => {
    if (draft.value === null) task.run("Read the settings", loadProject);
  }, []);
  const pair = current?.pairs.find((each) => each.name === name);
  if (!current) return <p class="empty">Asking the broker …</p>;
  if (!pair) {
    return (
      <p class="empty">
        There is no pair {name} any more. <a href={hrefOf({ view: "pairs" })}>All pairs</a>
      </p>
    );
  }
  return (
    <article>
      <div class="toolbar wrap">
        <h1>{pair.name}</h1>
        <StateBadge state={stateOf(pair)} />
        <span class="muted">
          {pair.active === null ? "nothing serves" : `${pair.active} is active`} ·{" "}
          {counted(pair.switchovers, "switchover")}
        </span>
      </div>
      {isTrouble(pair) ? (
        <LastTrouble name={pair.name} href={hrefOf({ view: "pair", pair: pair.name, tab: "diagnostics" })} />
      ) : null}
      <PairActions pair={pair} />
      <nav class="tabs" aria-label={`Settings of ${pair.name}`}>
        {tabs.map((each) => (
          <a
            key={each}
            href={hrefOf({ view: "pair", pair: pair.name, tab: each })}
            aria-current={each === tab ? "page" : undefined}
          >
            {titles[each]}
          </a>
        ))}
      </nav>
      <TabContent pair={pair} tab={tab} />
    </article>
  );
}

function TabContent({ pair, tab }: { readonly pair: ConsolePair; readonly tab: Tab }) {
  // what the status changes every second is not the settings: the form is kept as it is
  const settings = useMemo(() => <Settings name={pair.name} only={settingsOf[tab]} />, [pair.name, tab]);
  switch (tab) {
    case "general":
      return (
        <>
          <div class="overview">
            <PairPicture pair={pair} />
            <Endpoints pair={pair} />
          </div>
          <Timeline pair={pair} />
          {settings}
        </>
      );
    case "monitoring":
      return <Monitoring pair={pair}>{settings}</Monitoring>;
    case "diagnostics":
      return (
        <>
          <EventList pair={pair.name} />
          {settings}
        </>
      );
    case "notifications":
      return (
        <>
          <NotificationTest pair={pair.name} />
          {settings}
        </>
      );
  }
}

function Endpoints({ pair }: { readonly pair: ConsolePair }) {
  return (
    <dl>
      <div>
        <dt>Clients connect to</dt>
        <dd>
          {pair.endpointUrls.length === 0 ? "nothing while it is disabled" : pair.endpointUrls.join(", ")}
        </dd>
      </div>
      {pair.members.map((member) => (
        <div key={member.role}>
          <dt>{member.role}</dt>
          <dd>
            {member.endpointUrl}
            {member.monitorItemsInError.length === 0
              ? ""
              : `, in error: ${member.monitorItemsInError.join(", ")}`}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The pair's settings and the part of the schema that describes them; null until both are there. */
function useSettings(
  name: string,
): { readonly root: SchemaNode; readonly node: SchemaNode; readonly pair: Pair } | null {
  const root = useStore(schema);
  const current = useStore(draft);
  const pair = current?.edited.pairs.find((each) => nameOf(each) === name);
  const node = root?.$defs?.["pair"];
  return root && node && pair ? { root, node: resolved(root, node), pair } : null;
}

function Settings({ name, only }: { readonly name: string; readonly only: readonly string[] }) {
  const settings = useSettings(name);
  if (!settings) return <p class="empty">Reading the settings …</p>;
  return (
    <section aria-label="Settings">
      <h2>Settings</h2>
      <Fields
        root={settings.root}
        node={settings.node}
        value={settings.pair}
        only={only}
        onChange={(value) => editPair(name, () => value as Pair)}
      />
    </section>
  );
}

function Monitoring(props: { readonly pair: ConsolePair; readonly children: ComponentChildren }) {
  const { pair, children } = props;
  const [isBrowsing, setBrowsing] = useState(false);
  const add = (itemId: string): void => {
    setBrowsing(false);
    editPair(pair.name, (each) => ({ ...each, monitorItems: [...each.monitorItems, newItem(itemId)] }));
  };
  return (
    <>
      <p class="hint">
        Items the broker watches on both servers. As many in error as the failure count make the other server
        active.
      </p>
      <button type="button" disabled={!pair.enabled} onClick={() => setBrowsing(true)}>
        Browse for an item
      </button>
      {children}
      {isBrowsing ? (
        <ItemBrowser
          pair={pair.name}
          member={pair.active ?? "primary"}
          onChoose={add}
          onClose={() => setBrowsing(false)}
        />
      ) : null}
    </>
  );
}

function newItem(itemId: string): MonitorItem {
  return {
    accessPath: "",
    itemId,
    dataType: "Default",
    updateRate: 1000,
    trigger: "badQuality",
    triggerData: "",
  };
}
