import type { PairStatus } from "../../control/broker-api.ts";
import { UnderstudyError } from "../../core/error.ts";
import type { ConsoleContext } from "../console-context.ts";

/** The pair of that name, upper and lower case being the same. Throws PAIR_UNKNOWN. */
export async function pairNamed({ api }: ConsoleContext, name: string): Promise<PairStatus> {
  const pairs = await api.status();
  const found =
    pairs.find((pair) => pair.name === name) ??
    pairs.find((pair) => pair.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new UnderstudyError("PAIR_UNKNOWN", `There is no pair '${name}'.`);
}
