import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { ConsolePair, HistoryAnswer } from "../../contract.ts";
import { ask } from "../api.ts";
import { timeText } from "../parts/time.ts";
import { HealthBand } from "./health-band.tsx";

const reloadMs = 5000;
const chartHeight = 160;

/** Values per second, ping times and health, with the switchovers, of the last hour. */
export function Timeline({ pair }: { readonly pair: ConsolePair }) {
  const [history, setHistory] = useState<HistoryAnswer | null>(null);
  useEffect(() => {
    let isShown = true;
    const load = (): void => {
      ask<HistoryAnswer>("GET", `/api/v1/pairs/${encodeURIComponent(pair.name)}/history`).then(
        (answer) => {
          if (isShown) setHistory(answer);
        },
        () => undefined,
      );
    };
    load();
    const timer = setInterval(load, reloadMs);
    return () => {
      isShown = false;
      clearInterval(timer);
    };
    // a switchover is shown at once
  }, [pair.name, pair.switchovers]);
  if (!history) return null;
  const switches = [...history.switches].reverse().slice(0, 20);
  return (
    <>
      <h2>Last hour</h2>
      <Chart history={history} />
      <HealthBand history={history} />
      <h2>Switchovers</h2>
      {switches.length === 0 ? (
        <p class="empty">None since the broker started.</p>
      ) : (
        <ol class="switches">
          {switches.map((each) => (
            <li key={`${each.atMs}`} class={each.to === null ? "lost" : ""}>
              <time dateTime={new Date(each.atMs).toISOString()}>{timeText(each.atMs)}</time>
              <strong>{each.to === null ? "nothing serves" : `to the ${each.to}`}</strong>
              <span>
                {each.cause}
                {each.tookMs === null ? "" : ` (took ${Math.round(each.tookMs)} ms)`}
              </span>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

/** Local time of day of a time in s since 1970. */
function clockText(seconds: number): string {
  return timeText(seconds * 1000).slice(11, 19);
}

function Chart({ history }: { readonly history: HistoryAnswer }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const switches = useRef(history.switches);
  switches.current = history.switches;
  const { atMs, valuesPerSecond, primaryPingMs, secondaryPingMs } = history.samples;
  const data: uPlot.AlignedData = [
    atMs.map((each) => each / 1000),
    [...valuesPerSecond],
    [...primaryPingMs],
    [...secondaryPingMs],
  ];
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const colour = (name: string): string => getComputedStyle(element).getPropertyValue(name);
    const axis = {
      stroke: colour("--muted"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    chart.current = new uPlot(
      {
        width: element.clientWidth,
        height: chartHeight,
        scales: {
          ping: { range: (_self, _min, max) => [0, Math.max(max * 1.2, 1)] },
          y: { range: (_self, _min, max) => [0, Math.max(max * 1.2, 1)] },
        },
        axes: [
          { ...axis, values: (_self, splits) => splits.map(clockText) },
          { ...axis, size: 70 },
          { ...axis, scale: "ping", side: 1, size: 50, grid: { show: false } },
        ],
        series: [
          { label: "time", value: (_self, seconds) => (seconds === null ? "–" : clockText(seconds)) },
          { label: "values/s", stroke: colour("--accent"), width: 2 },
          { label: "primary ping ms", scale: "ping", stroke: colour("--ok"), width: 1 },
          { label: "secondary ping ms", scale: "ping", stroke: colour("--warn"), width: 1 },
        ],
        hooks: {
          draw: [
            (self) => {
              self.ctx.strokeStyle = colour("--bad");
              for (const each of switches.current) {
                const x = self.valToPos(each.atMs / 1000, "x", true);
                if (x < self.bbox.left || x > self.bbox.left + self.bbox.width) continue;
                self.ctx.beginPath();
                self.ctx.moveTo(x, self.bbox.top);
                self.ctx.lineTo(x, self.bbox.top + self.bbox.height);
                self.ctx.stroke();
              }
            },
          ],
        },
      },
      data,
      element,
    );
    const resize = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: chartHeight }),
    );
    resize.observe(element);
    return () => {
      resize.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, []);
  useEffect(() => chart.current?.setData(data), [history]);
  return (
    <div
      ref={place}
      class="chart"
      role="img"
      aria-label={`Values per second: ${valuesPerSecond.at(-1) ?? 0} now; ping primary ${primaryPingMs.at(-1) ?? "none"} ms, secondary ${secondaryPingMs.at(-1) ?? "none"} ms`}
    />
  );
}
