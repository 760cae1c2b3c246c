/** A pause that ends early at a call, or for good with a signal. */
export class Pause {
  #wake: () => void = () => undefined;

  /** Resolves after that time, at `end()`, or when the signal is given. */
  async for(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener("abort", this.#wake, { once: true });
    });
    signal.removeEventListener("abort", this.#wake);
    this.#wake = () => undefined;
  }

  end(): void {
    this.#wake();
  }
}
