import type { FoundProgId } from "../../control/broker-api.ts";
import { UnderstudyError } from "../../core/error.ts";
import { hresultText } from "./mapping/hresult.ts";
import type { HelperStarter } from "./upstream/helper.ts";

/** DCOM gives up on a machine that is not there after about a minute, in ms. */
const listTimeoutMs = 75_000;
/** OPC DA 1.0, 2.0 and 3.0 (native/wire/PROTOCOL.md, ListServers). */
const allVersions = 7;

/**
 * The OPC DA servers registered on a machine (null = this one), by ProgID, asked by a helper process of its own: a
 * COM call that hangs ends with it. `signal` ends it early.
 * @throws UnderstudyError DA_HELPER_MISSING, DA_SERVERS_UNAVAILABLE with what COM said, HELPER_FAILED, CANCELLED
 */
export async function findDaServers(
  starter: HelperStarter | null,
  machine: string | null,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly FoundProgId[]> {
  if (starter === null) {
    throw new UnderstudyError(
      "DA_HELPER_MISSING",
      "OPC DA servers cannot be looked for here: that needs Windows, or Wine with the native parts of this product (npm run build:native). Type the ProgID instead.",
    );
  }
  const helper = await starter.start(signal).catch((error: unknown) => {
    throw signal.aborted ? cancelled() : error;
  });
  const end = (): void => helper.end();
  signal.addEventListener("abort", end, { once: true });
  try {
    const outcome = signal.aborted
      ? null
      : await helper.call("listServers", { machine: machine ?? "", versions: allVersions }, listTimeoutMs);
    if (signal.aborted || outcome === null) throw cancelled();
    if (!outcome.ok) throw unavailable(machine, outcome.result, outcome.detail);
    return outcome.body.servers
      .map(({ progId, description, clsid }) => ({ progId, description, clsid }))
      .sort((one, other) => one.progId.localeCompare(other.progId));
  } finally {
    signal.removeEventListener("abort", end);
    helper.end();
  }
}

function cancelled(): UnderstudyError {
  return new UnderstudyError("CANCELLED", "The search for OPC DA servers was broken off.");
}

function unavailable(machine: string | null, result: number, detail: string | null): UnderstudyError {
  const said = detail ? `${hresultText(result)}: ${detail}` : hresultText(result);
  return new UnderstudyError(
    "DA_SERVERS_UNAVAILABLE",
    `${machine ?? "This machine"} does not tell its OPC DA servers: ${said}. Its OPCEnum service, DCOM rights and firewall must allow it.`,
  );
}
