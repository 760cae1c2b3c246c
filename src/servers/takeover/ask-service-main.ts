import type { ProbeSettings } from "../../project/server.ts";
import { askHere, type ServiceProbeServer } from "./ask-service.ts";

/** A process of its own that asks a service once: see ask-service.ts. Argument: JSON. Output: JSON. */
const { probe, server } = JSON.parse(process.argv[2] ?? "") as {
  readonly probe: ProbeSettings;
  readonly server: ServiceProbeServer;
};
process.stdout.write(JSON.stringify(await askHere(probe, server, null, new AbortController().signal)));
