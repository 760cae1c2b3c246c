import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Rows that are drawn in full beyond those that can be seen. */
const marginRows = 8;
/** Rows drawn in full at once; the first look tells which are needed. */
const firstRows = 16;
/** The other rows are added when the page has been shown, after so many ms. */
const restAfterMs = 100;

export interface RowRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** Whether the other rows are to be there, too. */
  readonly isWhole: boolean;
}

/**
 * Which rows of a table body are in the window or near it, for rows that are all of one height. With hundreds of rows,
 * only these need all their details.
 */
export function useNearRows(body: RefObject<HTMLElement | null>, count: number): RowRange {
  const [range, setRange] = useState({ from: 0, to: firstRows });
  const [isWhole, setWhole] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWhole(true), restAfterMs);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    let frame = 0;
    const look = (): void => {
      frame = 0;
      const element = body.current;
      if (!element || count === 0) return;
      const { top, height } = element.getBoundingClientRect();
      const rowHeight = height / count;
      const first = Math.floor(-top / rowHeight);
      const seen = Math.ceil(innerHeight / rowHeight);
      const from = Math.min(Math.max(first - marginRows, 0), count);
      const to = Math.min(Math.max(first + seen + marginRows, 0), count);
      setRange((before) => (before.from === from && before.to === to ? before : { from, to }));
    };
    const later = (): void => {
      if (frame === 0) frame = requestAnimationFrame(look);
    };
    later();
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", later);
      removeEventListener("resize", later);
    };
  }, [body, count]);
  return { ...range, isWhole };
}
