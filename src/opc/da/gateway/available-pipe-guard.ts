import { hookInstallation } from "../hook/installation.ts";
import { guardPipe, pipeClientsOf } from "./pipe-access.ts";

/** What sets the access list of the broker's pipe on Windows; null elsewhere, where proxies come by TCP. */
export function availablePipeGuard(): ((name: string) => Promise<unknown>) | null {
  const installation = process.platform === "win32" ? hookInstallation({ platform: "win32" }) : null;
  if (installation === null) return null;
  const clients = pipeClientsOf(process.env["UNDERSTUDY_DA_PIPE_CLIENTS"]);
  return (name) => guardPipe(installation.program, name, clients);
}
