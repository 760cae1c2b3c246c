import { UnderstudyError } from "../core/error.ts";

/** What there is once the broker has started and until it stops. Throws BROKER_NOT_READY before and after. */
export function whenReady<Part>(current: () => Part | null): () => Promise<Part> {
  return async () => {
    const part = current();
    if (part !== null) return part;
    throw new UnderstudyError(
      "BROKER_NOT_READY",
      "The broker is starting or stopping. Try again in a moment.",
    );
  };
}
