/** What the page under measurement has noted. */
export interface PageNotes {
  /** ms of each effect, in the order of the interactions. */
  readonly effects: readonly { readonly name: string; readonly ms: number }[];
  readonly longTasksMs: readonly number[];
}

/**
 * Runs in the page before its own scripts. `bench.arm` takes the name of an interaction and a test of its effect;
 * the time runs from the instant the browser received the input (Event.timeStamp, so that waiting for a busy
 * page counts) until the first frame that shows the effect has been painted.
 */
export const inPage = `
  globalThis.bench = (() => {
    const notes = { effects: [], longTasksMs: [] };
    let armed = null;
    for (const type of ["click", "input", "keydown", "change"]) {
      addEventListener(type, (event) => {
        if (armed && event.isTrusted) armed.startedMs ??= event.timeStamp;
      }, { capture: true });
    }
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) notes.longTasksMs.push(duration);
    }).observe({ type: "longtask" });
    const look = () => {
      if (!armed) return;
      if (armed.startedMs !== null && armed.isShown()) {
        const done = armed;
        armed = null;
        // the first task after the frame's callbacks: the frame is painted
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          notes.effects.push({ name: done.name, ms: performance.now() - done.startedMs });
          done.resolve();
        };
        port2.postMessage(null);
        return;
      }
      requestAnimationFrame(look);
    };
    return {
      arm(name, isShown) {
        let resolve;
        const done = new Promise((settle) => { resolve = settle; });
        armed = { name, isShown, startedMs: null, resolve };
        globalThis.benchDone = done;
        requestAnimationFrame(look);
      },
      notes,
    };
  })();
`;
