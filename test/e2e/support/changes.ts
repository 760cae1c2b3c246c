/** Time within which what a test waits for has to happen, unless it says otherwise, in ms. */
export const patienceMs = 10_000;

/** Something that changes. Those who wait look again at each change; nobody polls. */
export class Changes {
  readonly #looking = new Set<() => void>();

  announce(): void {
    for (const look of [...this.#looking]) look();
  }

  /**
   * Resolves with what `find` finds, now or after a change; null, undefined and false are nothing.
   * Rejects after the deadline with what was waited for, and what `state` says then.
   */
  until<T>(
    find: () => T | null | undefined | false,
    what: string,
    options: { readonly timeoutMs?: number; readonly state?: () => string } = {},
  ): Promise<T> {
    const { timeoutMs = patienceMs, state = () => "" } = options;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#looking.delete(look);
      };
      const look = (): void => {
        let found: T | null | undefined | false;
        try {
          found = find();
        } catch (error) {
          end();
          reject(error as Error);
          return;
        }
        if (found === null || found === undefined || found === false) return;
        end();
        resolve(found);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`waited ${timeoutMs} ms for ${what}; ${state()}`));
      }, timeoutMs);
      this.#looking.add(look);
      look();
    });
  }
}

/** The promise's result; rejects where it takes longer. */
export async function within<T>(promise: Promise<T>, what: string, timeoutMs = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
