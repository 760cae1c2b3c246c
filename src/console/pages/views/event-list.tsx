import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Role } from "../../../core/role.ts";
import type { DiagnosticEvent, Severity } from "../../../diagnostics/event.ts";
import { type EventFilter, matchesFilter } from "../../../diagnostics/filter.ts";
import { ask } from "../api.ts";
import { events, loadEvents, missedEvents, status } from "../live.ts";
import { Dialog } from "../parts/dialog.tsx";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";
import { timeText } from "../parts/time.ts";
import { useStore } from "../store.ts";

const rowHeight = 44;
/** Rows drawn beyond those that can be seen. */
const margin = 10;

/** What the fields say; empty wants all. Times are local, without a zone. */
interface Filter {
  readonly pair: string;
  readonly severity: Severity;
  readonly member: Role | "";
  readonly client: string;
  readonly text: string;
  readonly since: string;
  readonly until: string;
}

const noFilter: Filter = {
  pair: "",
  severity: "information",
  member: "",
  client: "",
  text: "",
  since: "",
  until: "",
};

/** Events as they come; `pair` null = of all pairs. Only the rows that can be seen are drawn. */
export function EventList({ pair }: { readonly pair: string | null }) {
  const all = useStore(events);
  const missed = useStore(missedEvents);
  const [filter, setFilter] = useState(noFilter);
  const [isFollowing, setFollowing] = useState(true);
  const [frozen, setFrozen] = useState<readonly DiagnosticEvent[]>([]);
  const [isResetting, setResetting] = useState(false);
  const [chosen, setChosen] = useState<DiagnosticEvent | null>(null);
  const shown = isFollowing ? all : frozen;
  const inForce = useMemo(() => eventFilter(pair, filter), [pair, filter]);
  const wanted = useMemo(() => shown.filter((event) => matchesFilter(inForce, event)), [shown, inForce]);
  const query = new URLSearchParams(inForce as Readonly<Record<string, string>>).toString();
  return (
    <section aria-label="Events">
      <div class="toolbar wrap">
        {pair === null ? (
          <PairFilter value={filter.pair} onChange={(value) => setFilter({ ...filter, pair: value })} />
        ) : null}
        <select
          aria-label="Severity"
          value={filter.severity}
          onChange={(event) => setFilter({ ...filter, severity: event.currentTarget.value as Severity })}
        >
          <option value="information">All severities</option>
          <option value="warning">Warnings and errors</option>
          <option value="error">Errors</option>
        </select>
        <select
          aria-label="Member"
          value={filter.member}
          onChange={(event) => setFilter({ ...filter, member: event.currentTarget.value as Role | "" })}
        >
          <option value="">Both members</option>
          <option value="primary">Primary</option>
          <option value="secondary">Secondary</option>
        </select>
        <ClientFilter
          events={shown}
          value={filter.client}
          onChange={(value) => setFilter({ ...filter, client: value })}
        />
        <input
          type="search"
          aria-label="Text or code"
          placeholder="Text or code"
          value={filter.text}
          onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
        />
        <label class="check">
          Since
          <input
            type="datetime-local"
            value={filter.since}
            onInput={(event) => setFilter({ ...filter, since: event.currentTarget.value })}
          />
        </label>
        <label class="check">
          Until
          <input
            type="datetime-local"
            value={filter.until}
            onInput={(event) => setFilter({ ...filter, until: event.currentTarget.value })}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isFollowing}
            onChange={(event) => {
              setFrozen(all);
              setFollowing(event.currentTarget.checked);
            }}
          />
          Follow
        </label>
        <span class="grow" />
        <span class="count muted">
          {wanted.length} of {all.length}
          {missed > 0 ? `, ${missed} came too fast to be shown` : ""}
        </span>
        <details class="menu">
          <summary>Save as</summary>
          <div>
            {["text", "csv", "json"].map((format) => (
              <a
                key={format}
                href={`/api/v1/events/export?format=${format}${query === "" ? "" : `&${query}`}`}
                download
              >
                {format === "text" ? "Text" : format.toUpperCase()}
              </a>
            ))}
          </div>
        </details>
        <button type="button" onClick={() => setResetting(true)}>
          Reset
        </button>
      </div>
      <Rows events={wanted} isFollowing={isFollowing} onChoose={setChosen} />
      {chosen ? <EventDialog event={chosen} onClose={() => setChosen(null)} /> : null}
      {isResetting ? <ResetDialog pair={pair} onClose={() => setResetting(false)} /> : null}
    </section>
  );
}

interface FilterField {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Pairs and protected servers; an event names either as its pair. */
function PairFilter({ value, onChange }: FilterField) {
  const current = useStore(status);
  const names = [...(current?.pairs ?? []), ...(current?.servers ?? [])].map(({ name }) => name);
  return (
    <Choice
      label="Pair or server"
      all="All pairs and servers"
      names={names}
      value={value}
      onChange={onChange}
    />
  );
}

function ClientFilter(props: FilterField & { readonly events: readonly DiagnosticEvent[] }) {
  const { events: shown, value, onChange } = props;
  const names = useMemo(() => {
    const found = new Set(shown.map(({ client }) => client).filter((client) => client !== null));
    if (value !== "") found.add(value);
    return [...found].sort();
  }, [shown, value]);
  return <Choice label="Client" all="All clients" names={names} value={value} onChange={onChange} />;
}

function Choice(
  props: FilterField & { readonly label: string; readonly all: string; readonly names: readonly string[] },
) {
  // they are many, and seldom others
  const options = useMemo(
    () => props.names.map((name) => <option key={name}>{name}</option>),
    [props.names.join("\n")],
  );
  return (
    <select
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      <option value="">{props.all}</option>
      {options}
    </select>
  );
}

function Rows(props: {
  readonly events: readonly DiagnosticEvent[];
  readonly isFollowing: boolean;
  readonly onChoose: (event: DiagnosticEvent) => void;
}) {
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const { length } = props.events;
  useEffect(() => {
    if (props.isFollowing) list.current?.scrollTo({ top: 0 });
  }, [length, props.isFollowing]);
  if (length === 0) return <p class="empty">Nothing has happened that fits.</p>;
  const height = list.current?.clientHeight ?? 600;
  const first = Math.max(Math.floor(top / rowHeight) - margin, 0);
  const last = Math.min(Math.ceil((top + height) / rowHeight) + margin, length);
  // newest first
  const rows = props.events.slice(length - last, length - first).reverse();
  return (
    <div
      ref={list}
      class="events"
      role="log"
      aria-label="Events, newest first"
      // a reader could not follow them as they come; the header says when something is in trouble
      aria-live="off"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reached by keyboard
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div style={{ height: `${length * rowHeight}px`, position: "relative" }}>
        {rows.map((event, index) => (
          <button
            type="button"
            key={event.id}
            class={`event severity-${event.severity}`}
            style={{ top: `${(first + index) * rowHeight}px` }}
            onClick={() => props.onChoose(event)}
          >
            <time dateTime={event.time}>{timeText(event.time)}</time>
            <span class="mark">{event.severity}</span>
            <span class="message">{event.message}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

function EventDialog({ event, onClose }: { readonly event: DiagnosticEvent; readonly onClose: () => void }) {
  const facts = [
    ["Time", timeText(event.time)],
    ["Severity", event.severity],
    ["Event", event.code],
    ["Pair", event.pair],
    ["Member", event.member],
    ["Machine", event.machine],
    ["Client", event.client],
  ].filter(([, value]) => value !== null);
  return (
    <Dialog title="Event" onClose={onClose} wide>
      <p>{event.message}</p>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {event.causes.length > 0 ? (
        <>
          <h3>Why</h3>
          <ol class="causes">
            {event.causes.map((cause) => (
              <li key={cause.text}>
                {cause.text}
                {cause.since === null ? "" : `, since ${timeText(cause.since)}`}
              </li>
            ))}
          </ol>
        </>
      ) : null}
    </Dialog>
  );
}

function ResetDialog({ pair, onClose }: { readonly pair: string | null; readonly onClose: () => void }) {
  const task = useTask();
  const reset = async (signal: AbortSignal): Promise<void> => {
    const which = pair === null ? "" : `?pair=${encodeURIComponent(pair)}`;
    await ask("DELETE", `/api/v1/events${which}`, undefined, { signal });
    events.set([]);
    await loadEvents();
    onClose();
  };
  return (
    <Dialog title="Reset events" onClose={onClose}>
      <p>
        Forget {pair === null ? "all events" : `the events of ${pair}`} kept so far? Save them first if you
        may need them.
      </p>
      <TaskProgress task={task} />
      <footer>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="danger" disabled={task.isBusy} onClick={() => task.run("Reset", reset)}>
          Forget them
        </button>
      </footer>
    </Dialog>
  );
}

/** The filter as the broker knows it, too: what is saved as a file is what is shown. */
function eventFilter(pair: string | null, filter: Filter): EventFilter {
  const { severity, member, client, text, since, until } = filter;
  const wantedPair = pair ?? (filter.pair === "" ? null : filter.pair);
  return {
    ...(wantedPair === null ? {} : { pair: wantedPair }),
    ...(severity === "information" ? {} : { severity }),
    ...(member === "" ? {} : { member }),
    ...(client === "" ? {} : { client }),
    ...(text === "" ? {} : { text }),
    ...(since === "" ? {} : { since: new Date(since).toISOString() }),
    ...(until === "" ? {} : { until: new Date(until).toISOString() }),
  };
}
