import { useRef, useState } from "preact/hooks";
import type { ConsolePair } from "../../contract.ts";
import { status } from "../live.ts";
import { pairStatesByTrouble, StateBadge, stateOf, stateText } from "../parts/health.tsx";
import { useNearRows } from "../parts/near-rows.ts";
import { countText, pingText } from "../parts/time.ts";
import { hrefOf } from "../route.ts";
import { useStore } from "../store.ts";
import { AddPair } from "./add-pair.tsx";

/** All pairs, those in trouble first if wanted. */
export function PairList() {
  const current = useStore(status);
  const [search, setSearch] = useState("");
  const [worstFirst, setWorstFirst] = useState(false);
  const [isAdding, setAdding] = useState(false);
  const rows = useRef<HTMLTableSectionElement>(null);
  const wanted = current?.pairs.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase())) ?? [];
  const near = useNearRows(rows, wanted.length);
  if (!current) return <p class="empty">Asking the broker …</p>;
  const pairs = worstFirst
    ? [...wanted].sort(
        (one, other) =>
          pairStatesByTrouble.indexOf(stateOf(one)) - pairStatesByTrouble.indexOf(stateOf(other)),
      )
    : wanted;
  return (
    <section aria-label="Pairs">
      <div class="toolbar wrap">
        <h1>Pairs</h1>
        <input
          type="search"
          placeholder="Find a pair"
          aria-label="Find a pair"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={worstFirst}
            onChange={(event) => setWorstFirst(event.currentTarget.checked)}
          />
          Trouble first
        </label>
        <span class="grow" />
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add pair
        </button>
      </div>
      {current.pairs.length === 0 ? (
        <p class="empty">
          The project has no pair yet. Add one: two equal servers, one name for their clients.
        </p>
      ) : (
        <table class="pairs even">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Pair</th>
              <th scope="col">Primary</th>
              <th scope="col">Secondary</th>
              <th scope="col" class="number">
                Values/s
              </th>
              <th scope="col" class="number">
                Clients
              </th>
            </tr>
          </thead>
          <tbody ref={rows}>
            {pairs.map((pair, index) =>
              index >= near.from && index < near.to ? (
                <Row key={pair.name} pair={pair} />
              ) : near.isWhole ? (
                <FarRow key={pair.name} pair={pair} />
              ) : null,
            )}
            {near.isWhole || near.to >= pairs.length ? null : (
              <tr style={{ height: `calc(var(--row) * ${pairs.length - near.to})` }}>
                <td colSpan={6} />
              </tr>
            )}
          </tbody>
        </table>
      )}
      {isAdding ? <AddPair onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

/** Out of sight: there for whoever searches the page or goes through it by keyboard. */
function FarRow({ pair }: { readonly pair: ConsolePair }) {
  return (
    <tr>
      <th scope="row" colSpan={6}>
        <a href={hrefOf({ view: "pair", pair: pair.name, tab: "general" })}>{pair.name}</a> {stateText(pair)}
      </th>
    </tr>
  );
}

function Row({ pair }: { readonly pair: ConsolePair }) {
  return (
    <tr>
      <td>
        <StateBadge state={stateOf(pair)} />
      </td>
      <th scope="row">
        <a href={hrefOf({ view: "pair", pair: pair.name, tab: "general" })}>{pair.name}</a>
        <small>
          {pair.protocol === "opcda" ? "OPC DA" : "OPC UA"} · {pair.mode}
        </small>
      </th>
      {pair.members.map((member) => (
        <td key={member.role} data-label={member.role}>
          <span class={`member health-${pair.enabled ? member.health : "unknown"}`}>
            {member.machine}
            {pair.active === member.role ? <strong class="active-mark">active</strong> : null}
          </span>
          <small>
            {pair.enabled ? `${member.link}, ${member.health}, ${pingText(member.pingMs)}` : "not watched"}
          </small>
        </td>
      ))}
      <td class="number" data-label="Values/s">
        {countText(pair.valuesPerSecond)}
      </td>
      <td class="number" data-label="Clients">
        {countText(pair.clients)}
      </td>
    </tr>
  );
}
