import { randomBytes } from "node:crypto";
import {
  type ActivateSessionRequest,
  ActivateSessionResponse,
  type CreateSessionRequest,
  CreateSessionResponse,
  type EndpointDescription,
  NodeId,
  NodeIdType,
  StatusCodes,
} from "node-opcua";
import {
  computeSignature,
  SecurityPolicy,
  type ServerSecureChannelLayer,
  verifySignature,
} from "node-opcua-secure-channel";
import type { ApplicationIdentity } from "../../../src/opc/ua/pki/application-identity.ts";
import { checkUser, newNonce } from "../server/security.ts";
import { type Send, Session } from "../server/session.ts";
import { ServiceFailure } from "./service-failure.ts";

const minSessionTimeoutMs = 1000;
const maxSessionTimeoutMs = 3_600_000;

export interface SessionRules {
  readonly identity: ApplicationIdentity | null;
  readonly endpoints: readonly EndpointDescription[];
  readonly anonymous: boolean;
  readonly users: ReadonlyMap<string, string>;
}

/** CreateSession (Part 4, 5.6.2). */
export function createSession(
  request: CreateSessionRequest,
  channel: ServerSecureChannelLayer,
  rules: SessionRules,
  number: number,
  send: Send,
): { readonly session: Session; readonly response: CreateSessionResponse } {
  const { identity } = rules;
  const asked = request.requestedSessionTimeout || 60_000;
  const timeoutMs = Math.min(Math.max(asked, minSessionTimeoutMs), maxSessionTimeoutMs);
  const sessionId = new NodeId(NodeIdType.NUMERIC, number, 1);
  const authenticationToken = new NodeId(NodeIdType.BYTESTRING, randomBytes(16), 1);
  const nonce = newNonce();
  const session = new Session(
    { sessionId, authenticationToken },
    channel,
    { timeoutMs, nonce, nowMs: Date.now() },
    send,
  );
  const serverSignature = identity
    ? computeSignature(
        request.clientCertificate,
        request.clientNonce,
        identity.getPrivateKey(),
        channel.securityPolicy,
      )
    : undefined;
  const response = new CreateSessionResponse({
    sessionId,
    authenticationToken,
    revisedSessionTimeout: timeoutMs,
    serverNonce: nonce,
    serverEndpoints: [...rules.endpoints],
    maxRequestMessageSize: 0,
    ...(identity ? { serverCertificate: identity.getCertificate() } : {}),
    ...(serverSignature ? { serverSignature } : {}),
  });
  return { session, response };
}

/** ActivateSession (Part 4, 5.6.3): first activation, another user, or another channel. */
export function activateSession(
  session: Session,
  request: ActivateSessionRequest,
  channel: ServerSecureChannelLayer,
  rules: SessionRules,
): ActivateSessionResponse {
  const { identity } = rules;
  if (identity && channel.securityPolicy !== SecurityPolicy.None) {
    const isGenuine = verifySignature(
      identity.getCertificate(),
      session.nonce,
      request.clientSignature,
      channel.clientCertificate,
      channel.securityPolicy,
    );
    if (!isGenuine) throw new ServiceFailure(StatusCodes.BadApplicationSignatureInvalid);
  }
  const status = checkUser(request.userIdentityToken, session.nonce, identity, rules);
  if (status.isNotGood()) throw new ServiceFailure(status);
  session.nonce = newNonce();
  session.channel = channel;
  session.isActivated = true;
  return new ActivateSessionResponse({ serverNonce: session.nonce, results: [] });
}
