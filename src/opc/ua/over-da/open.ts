import { StatusCodes } from "node-opcua";
import { detailOf } from "../../../diagnostics/detail-of.ts";
import type { DaServer } from "../../da/upstream/da-server.ts";
import { ServiceError, type UpstreamSession, type UserIdentity } from "../upstream/upstream-session.ts";
import { DaAsUaSession } from "./da-as-ua.ts";

/**
 * Opens the way of an OPC UA client to an OPC DA server. Throws ServiceError: nothing behind it could tell
 * whether a password is right, so only anonymous clients are admitted, where the project does.
 */
export async function openDaAsUa(
  user: UserIdentity,
  progId: string,
  open: () => Promise<DaServer>,
): Promise<UpstreamSession> {
  if (user.kind !== "anonymous") {
    const text = "an OPC DA pair knows no users; connect without one";
    throw new ServiceError("USER_REFUSED", StatusCodes.BadIdentityTokenRejected, text);
  }
  try {
    return new DaAsUaSession(await open(), progId);
  } catch (error) {
    const status = StatusCodes.BadServerNotConnected;
    throw new ServiceError("CONNECT_FAILED", status, detailOf(error), { cause: error });
  }
}
