import {
  type ActivateSessionRequest,
  ActivateSessionResponse,
  type CloseSessionRequest,
  CloseSessionResponse,
  type CreateSessionRequest,
  CreateSessionResponse,
  type StatusCode,
  StatusCodes,
} from "node-opcua";
import { split_der } from "node-opcua-crypto";
import { computeSignature, verifySignature } from "node-opcua-secure-channel";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import { ServiceError } from "../upstream/upstream-session.ts";
import { ClientSession, newNonce, tokenKey } from "./client-session.ts";
import type { FrontChannel } from "./front-channel.ts";
import type { PairFront } from "./pair-front.ts";
import { readUserToken, sameUser } from "./user-token.ts";

const shortestSessionTimeoutMs = 10_000;
const longestSessionTimeoutMs = 3_600_000;
const defaultSessionTimeoutMs = 60_000;
/** Sessions that never get activated must not fill the table. */
const mostSessions = 2000;
const shortestNonceBytes = 32;

/** All sessions of the broker, whichever pair and port they came by. */
export class SessionTable {
  readonly #byToken = new Map<string, ClientSession>();
  #lastNumber = 0;

  get size(): number {
    return this.#byToken.size;
  }

  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  add(session: ClientSession): void {
    this.#byToken.set(tokenKey(session.token) ?? "", session);
  }

  find(token: Parameters<typeof tokenKey>[0]): ClientSession | null {
    const key = tokenKey(token);
    return key === null ? null : (this.#byToken.get(key) ?? null);
  }

  delete(session: ClientSession): boolean {
    return this.#byToken.delete(tokenKey(session.token) ?? "");
  }

  all(): ClientSession[] {
    return [...this.#byToken.values()];
  }
}

function refuse(code: string, statusCode: ServiceError["statusCode"], message: string): never {
  throw new ServiceError(code, statusCode, message);
}

/** CreateSession (OPC 10000-4, 5.6.2) on a pair. Throws ServiceError. */
export function createSession(
  table: SessionTable,
  front: PairFront,
  identity: ApplicationIdentity,
  channel: FrontChannel,
  request: CreateSessionRequest,
  nowMs: number,
): CreateSessionResponse {
  if (table.size >= mostSessions) {
    refuse(
      "TOO_MANY_SESSIONS",
      StatusCodes.BadTooManySessions,
      `the broker has ${mostSessions} sessions already`,
    );
  }
  if (!front.offers(channel)) {
    refuse(
      "SECURITY_REFUSED",
      StatusCodes.BadSecurityPolicyRejected,
      "the project does not offer this security policy",
    );
  }
  if (channel.isSecured) {
    if ((request.clientNonce?.length ?? 0) < shortestNonceBytes) {
      refuse("NONCE_INVALID", StatusCodes.BadNonceInvalid, "the client nonce is shorter than 32 bytes");
    }
    const { clientCertificate } = channel;
    if (!clientCertificate || !sameLeaf(request.clientCertificate, clientCertificate)) {
      refuse(
        "CERTIFICATE_INVALID",
        StatusCodes.BadSecurityChecksFailed,
        "the client certificate is not the one the channel was opened with",
      );
    }
  }
  const application =
    request.clientDescription?.applicationName?.text ?? request.clientDescription?.applicationUri;
  const session = new ClientSession({
    front,
    number: table.nextNumber(),
    name: request.sessionName ?? "",
    client: application ? `${application} (${channel.remoteAddress})` : channel.remoteAddress,
    timeoutMs: reviseTimeout(request.requestedSessionTimeout),
    channel,
    nowMs,
  });
  table.add(session);
  const url = request.endpointUrl ?? channel.endpointUrl;
  const signature = channel.isSecured
    ? computeSignature(
        request.clientCertificate,
        request.clientNonce,
        identity.getPrivateKey(),
        channel.securityPolicy,
      )
    : undefined;
  return new CreateSessionResponse({
    sessionId: session.id,
    authenticationToken: session.token,
    revisedSessionTimeout: session.timeoutMs,
    serverNonce: session.serverNonce,
    serverCertificate: identity.getCertificate(),
    serverEndpoints: front.endpoints(url),
    ...(signature ? { serverSignature: signature } : {}),
    maxRequestMessageSize: 0,
  });
}

/** A client may send its certificate alone or with the chain behind it. */
function sameLeaf(one: Buffer | null, other: Buffer): boolean {
  const leaf = one && one.length > 0 ? split_der(one)[0] : undefined;
  const otherLeaf = split_der(other)[0];
  return leaf !== undefined && otherLeaf !== undefined && leaf.equals(otherLeaf);
}

function reviseTimeout(requestedMs: number): number {
  if (!(requestedMs > 0)) return defaultSessionTimeoutMs;
  return Math.min(Math.max(requestedMs, shortestSessionTimeoutMs), longestSessionTimeoutMs);
}

/**
 * ActivateSession (OPC 10000-4, 5.6.3): the first one opens the client's session on the active member with
 * the client's own user; a later one moves the session to another channel. Throws ServiceError.
 */
export async function activateSession(
  session: ClientSession,
  identity: ApplicationIdentity,
  channel: FrontChannel,
  request: ActivateSessionRequest,
): Promise<ActivateSessionResponse> {
  const signed =
    !channel.isSecured ||
    verifySignature(
      identity.getCertificate(),
      session.serverNonce,
      request.clientSignature,
      channel.clientCertificate,
      channel.securityPolicy,
    );
  if (!signed) {
    refuse(
      "SIGNATURE_INVALID",
      StatusCodes.BadApplicationSignatureInvalid,
      "the client's signature does not fit",
    );
  }
  const { front } = session;
  const user = await readUserToken(
    request.userIdentityToken,
    session.serverNonce,
    identity,
    front.allowsAnonymous,
  );
  if (!session.active) {
    session.active = await front.activate(
      session,
      user,
      (request.localeIds ?? []).filter((locale) => locale !== null),
    );
  } else if (!sameUser(session.active.identity, user)) {
    refuse(
      "IDENTITY_CHANGED",
      StatusCodes.BadIdentityChangeNotSupported,
      "a session keeps the user it was activated with",
    );
  }
  session.channel = channel;
  session.serverNonce = newNonce();
  return new ActivateSessionResponse({ serverNonce: session.serverNonce });
}

/** CloseSession (OPC 10000-4, 5.6.4). Subscriptions end with their session, since they cannot be transferred. */
export async function closeSession(
  table: SessionTable,
  session: ClientSession,
  _request: CloseSessionRequest,
): Promise<CloseSessionResponse> {
  await endSession(table, session, "session closed by the client");
  return new CloseSessionResponse({});
}

/** Ends a session for good and tells its members. Requests that wait are answered with `status`. */
export async function endSession(
  table: SessionTable,
  session: ClientSession,
  detail: string,
  status: StatusCode = StatusCodes.BadSessionClosed,
): Promise<void> {
  if (!table.delete(session)) return;
  const { active } = session;
  session.active = null;
  if (!active) return;
  for (const ticket of active.relay.publishQueue.takeAll()) ticket.fault(status);
  await session.front.deactivate(session, active, detail);
}
