import { useEffect, useState } from "preact/hooks";
import type { Task } from "./task.ts";

/** What is done at once needs no word, in ms. */
const patienceMs = 300;

/** Says what is being done, for how long already, offers to break it off, and says why it failed. */
export function TaskProgress({ task }: { readonly task: Task }) {
  const { current, cancel, error, isTold } = task;
  const [nowMs, setNowMs] = useState(0);
  useEffect(() => {
    isTold.current = true;
    return () => {
      isTold.current = false;
    };
  }, [isTold]);
  useEffect(() => {
    if (current === null) return undefined;
    const tick = () => setNowMs(Date.now());
    const timers = [setTimeout(tick, patienceMs), setInterval(tick, 500)];
    return () => timers.forEach(clearInterval);
  }, [current]);
  if (error !== null) {
    return (
      <p class="error" role="alert">
        {error}
      </p>
    );
  }
  if (current === null || nowMs - current.sinceMs < patienceMs) return null;
  return (
    <div class="progress" role="status">
      <progress aria-label={current.label} />
      <span>
        {current.label} … {Math.floor((nowMs - current.sinceMs) / 1000)} s
      </span>
      <button type="button" onClick={cancel}>
        Cancel {current.label.toLowerCase()}
      </button>
    </div>
  );
}
