import type { ConsolePair } from "../../contract.ts";
import { counted, countText, pingText } from "../parts/time.ts";

/** Clients, broker and both members, with the way the data take. */
export function PairPicture({ pair }: { readonly pair: ConsolePair }) {
  const [primary, secondary] = pair.members;
  const way = pair.active === null ? "no member serves" : `the ${pair.active} serves`;
  return (
    <svg
      class="picture"
      viewBox="0 0 640 200"
      role="img"
      aria-label={`${counted(pair.clients, "client")}, ${way}, ${pair.valuesPerSecond} values per second`}
    >
      <Line from={[165, 100]} to={[240, 100]} isActive={pair.clients > 0 && pair.active !== null} link="up" />
      {primary ? (
        <Line from={[380, 100]} to={[470, 50]} isActive={pair.active === "primary"} link={primary.link} />
      ) : null}
      {secondary ? (
        <Line
          from={[380, 100]}
          to={[470, 150]}
          isActive={pair.active === "secondary"}
          link={secondary.link}
        />
      ) : null}
      <Box
        x={20}
        y={65}
        title={counted(pair.clients, "client")}
        text={counted(pair.monitoredItems, "item")}
        kind="plain"
      />
      <Box
        x={235}
        y={65}
        title="Understudy"
        text={`${countText(pair.valuesPerSecond)} values/s`}
        kind="broker"
      />
      {pair.members.map((member, index) => (
        <Box
          key={member.role}
          x={470}
          y={15 + index * 100}
          title={member.machine}
          text={`${member.role}, ${pingText(member.pingMs)}`}
          kind={pair.enabled ? `health-${member.health}` : "plain"}
        />
      ))}
    </svg>
  );
}

function Line(props: {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly isActive: boolean;
  readonly link: string;
}) {
  const kind = props.isActive ? "active" : props.link === "up" ? "standby" : "broken";
  return (
    <line x1={props.from[0]} y1={props.from[1]} x2={props.to[0]} y2={props.to[1]} class={`way ${kind}`} />
  );
}

function Box(props: {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly text: string;
  readonly kind: string;
}) {
  const title = props.title.length > 17 ? `${props.title.slice(0, 16)}…` : props.title;
  return (
    <g class={`box ${props.kind}`} transform={`translate(${props.x} ${props.y})`}>
      <rect width="150" height="70" rx="8" />
      <text x="75" y="31" text-anchor="middle" class="title">
        {title}
      </text>
      <text x="75" y="52" text-anchor="middle">
        {props.text}
      </text>
    </g>
  );
}
