import type { HistoryAnswer } from "../../contract.ts";
import { healthIntervals } from "../parts/health-intervals.ts";
import { timeText } from "../parts/time.ts";

/** How each member was over the time that the chart above shows. */
export function HealthBand({ history }: { readonly history: HistoryAnswer }) {
  const { atMs } = history.samples;
  const [fromMs, untilMs] = [atMs[0], atMs.at(-1)];
  if (fromMs === undefined || untilMs === undefined || untilMs <= fromMs) return null;
  return (
    <div class="bands">
      {["primary", "secondary"].map((member) => (
        <Band key={member} history={history} member={member} fromMs={fromMs} untilMs={untilMs} />
      ))}
      <p class="legend" aria-hidden="true">
        {["ok", "suspect", "failed", "unknown"].map((health) => (
          <span key={health}>
            <i class={`band-${health}`} /> {health}
          </span>
        ))}
      </p>
    </div>
  );
}

function Band(props: {
  readonly history: HistoryAnswer;
  readonly member: string;
  readonly fromMs: number;
  readonly untilMs: number;
}) {
  const { history, member, fromMs, untilMs } = props;
  const intervals = healthIntervals(history.health, member, fromMs, untilMs);
  const share = (ms: number): string => `${(100 * ms) / (untilMs - fromMs)}%`;
  const last = intervals.at(-1);
  return (
    <div class="band">
      <span class="band-name">{member}</span>
      <div
        class="band-line"
        role="img"
        aria-label={`Health of the ${member}: ${last?.health ?? "unknown"} now, ${intervals.length - 1} changes in the time shown`}
      >
        {intervals.map(({ health, fromMs: sinceMs, untilMs: endMs }) => (
          <i
            key={sinceMs}
            class={`band-${health}`}
            style={{ width: share(endMs - sinceMs) }}
            title={`${health} from ${timeText(sinceMs)} to ${timeText(endMs)}`}
          />
        ))}
      </div>
    </div>
  );
}
