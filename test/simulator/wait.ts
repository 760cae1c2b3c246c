import type { EventEmitter } from "node:events";

const limitMs = 10_000;

/** Resolves with what `look` finds, which is asked after each event; rejects after ten seconds. */
export function waitFor<T>(
  emitter: EventEmitter,
  event: string,
  look: (...args: unknown[]) => T | null | undefined,
  what = event,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      emitter.removeListener(event, listener);
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error(`waited ${limitMs} ms for ${what}`));
    }, limitMs);
    const listener = (...args: unknown[]) => {
      const found = look(...args);
      if (found === null || found === undefined) return;
      done();
      resolve(found);
    };
    emitter.on(event, listener);
  });
}
