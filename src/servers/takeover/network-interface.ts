import { UnderstudyError } from "../../core/error.ts";
import type { RunProgram } from "./program.ts";

/** Most time for one call of ip, in ms. */
export const ipLimitMs = 5000;

/** A network interface as it is now. */
export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** Hardware address, e.g. `02:00:00:00:00:01`. */
  readonly hardware: string;
  /** IPv4 and IPv6 addresses without prefix length, each in its `canonical` form. */
  readonly addresses: ReadonlySet<string>;
}

interface IpInterface {
  readonly ifindex?: number;
  readonly address?: string;
  readonly addr_info?: readonly { readonly local?: string }[];
}

/** @throws UnderstudyError ADDRESS_INTERFACE_MISSING */
export async function readInterface(
  name: string,
  run: RunProgram,
  signal: AbortSignal,
): Promise<NetworkInterface> {
  const args = ["-json", "address", "show", "dev", name];
  const { code, output, complaint } = await run({ program: "ip", args, timeoutMs: ipLimitMs, signal });
  const [found] = code === 0 ? (JSON.parse(output || "[]") as readonly IpInterface[]) : [];
  if (found?.ifindex === undefined) {
    throw new UnderstudyError(
      "ADDRESS_INTERFACE_MISSING",
      `There is no interface ${name} at this machine (${complaint}); name one of those that ip link shows`,
    );
  }
  return {
    name,
    index: found.ifindex,
    hardware: found.address ?? "",
    addresses: new Set((found.addr_info ?? []).map(({ local }) => canonical(local ?? ""))),
  };
}

/** One way of writing an address, so that two can be compared. */
export function canonical(address: string): string {
  return address.includes(":") && URL.canParse(`http://[${address}]`)
    ? new URL(`http://[${address}]`).hostname.slice(1, -1)
    : address;
}
