import { isIP } from "node:net";

/** Whether an address of a socket is of this machine itself. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

/**
 * Whether a Host header may name us: an address, `localhost`, or the host we listen on. Any other name may have
 * been made to lead here by somebody's DNS (DNS rebinding).
 */
export function isOwnHost(header: string | undefined, host: string): boolean {
  const name = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header ?? "");
  const own = name?.[1] ?? name?.[2];
  if (own === undefined) return false;
  return isIP(own) !== 0 || own.toLowerCase() === "localhost" || own.toLowerCase() === host.toLowerCase();
}

/** Whether the page a request comes from is ours; requests of programs name none. */
export function isOwnOrigin(origin: string | undefined, hostHeader: string | undefined): boolean {
  if (origin === undefined) return true;
  try {
    return new URL(origin).host === hostHeader;
  } catch {
    return false;
  }
}
