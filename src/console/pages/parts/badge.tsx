/** How bad it is; decides the colour. */
export type Tone = "good" | "neutral" | "warning" | "bad";

/** Drawn beside the word, so that no state is told by its colour alone. */
export type Sign =
  | "tick"
  | "mark"
  | "cross"
  | "pause"
  | "stop"
  | "lock"
  | "question"
  | "dash"
  | "arrows"
  | "swap";

const paths: Readonly<Record<Sign, string>> = {
  tick: "M4 8.5l3 3 5-7",
  mark: "M8 3v6M8 12v.5",
  cross: "M4 4l8 8M12 4l-8 8",
  pause: "M6 4v8M10 4v8",
  stop: "M5 5h6v6h-6z",
  lock: "M5 8h6v5h-6zM6 8v-2a2 2 0 0 1 4 0v2",
  question: "M6 6a2 2 0 1 1 2.5 2l-.5 1.500M8 12v.5",
  dash: "M4 8h8",
  arrows: "M8 3v8M5 8l3 3 3-3",
  swap: "M3 6h9l-2.500-2.500M13 10h-9l2.500 2.500",
};

export interface StateWord {
  readonly word: string;
  readonly tone: Tone;
  readonly sign: Sign;
}

export function Badge({ word, tone, sign }: StateWord) {
  return (
    <span class={`badge tone-${tone}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={paths[sign]} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
      </svg>
      {word}
    </span>
  );
}
