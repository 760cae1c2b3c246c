import { UnderstudyError } from "../../core/error.ts";
import { duplicateScript, neighbourArguments } from "./neighbour-discovery.ts";
import type { NetworkInterface } from "./network-interface.ts";
import type { RunProgram } from "./program.ts";

/** Most time for arping and the like beyond the second that they wait for an answer, in ms. */
const limitMs = 5000;

/**
 * Who has the address now: a hardware address, or null where nobody answered within a second. Asks twice in that
 * time for IPv6, once for IPv4 (arping's own wait). Nothing is learnt by the neighbours from the question.
 * @throws UnderstudyError ADDRESS_CHECK_FAILED and those of RunProgram
 */
export function ownerOf(
  address: string,
  on: NetworkInterface,
  run: RunProgram,
  signal: AbortSignal,
): Promise<string | null> {
  return address.includes(":")
    ? ownerOfIpv6(address, on, run, signal)
    : ownerOfIpv4(address, on, run, signal);
}

async function ownerOfIpv4(address: string, on: NetworkInterface, run: RunProgram, signal: AbortSignal) {
  // -w 1 ends it a second after the question, answered or not.
  const args = ["-D", "-f", "-c", "1", "-w", "1", "-I", on.name, address];
  const { output, complaint } = await run({ program: "arping", args, timeoutMs: limitMs, signal });
  // Its exit status 1 means an answer, but wrong usage too.
  const owner = /\breply from \S+ \[([0-9A-Fa-f:]+)\]/.exec(output)?.[1];
  if (owner !== undefined) return owner.toLowerCase();
  if (/^Received 0 response/m.test(output)) return null;
  throw checkFailed(address, on, complaint || output.trim());
}

async function ownerOfIpv6(address: string, on: NetworkInterface, run: RunProgram, signal: AbortSignal) {
  const args = ["-e", duplicateScript, ...neighbourArguments(on, address, 2, 0.5)];
  const { output, complaint } = await run({ program: "perl", args, timeoutMs: limitMs, signal });
  const owner = /^in use by (\S+)/m.exec(output)?.[1];
  if (owner !== undefined) return owner;
  if (/^free$/m.test(output)) return null;
  throw checkFailed(address, on, complaint || output.trim());
}

function checkFailed(address: string, on: NetworkInterface, detail: string): UnderstudyError {
  return new UnderstudyError(
    "ADDRESS_CHECK_FAILED",
    `It cannot be found out on ${on.name} whether ${address} is in use (${detail}); it is not taken over`,
  );
}
