import { createServer } from "node:net";
import { UnderstudyError } from "../../src/core/error.ts";

/** One address the demo listens at. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly who: string;
}

/** @throws UnderstudyError DEMO_PORT_TAKEN where an address is in use; one message for all. */
export async function requireFree(places: readonly Place[]): Promise<void> {
  const states = await Promise.all(places.map(async (place) => ({ place, why: await whyNot(place) })));
  const taken = states.filter(({ why }) => why !== null);
  if (taken.length === 0) return;
  const list = taken
    .map(({ place, why }) => `${place.host}:${place.port} for ${place.who} (${why})`)
    .join(", ");
  throw new UnderstudyError(
    "DEMO_PORT_TAKEN",
    `The demo cannot listen at ${list}. Another demo or program uses the port: end it, or copy ` +
      "redundancymaster.xml, choose other ports there and start with: npm start -- --project FILE",
  );
}

function whyNot({ host, port }: Place): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}
