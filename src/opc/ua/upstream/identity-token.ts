import { createPublicKey } from "node:crypto";
import {
  AnonymousIdentityToken,
  type EndpointDescription,
  getCryptoFactory,
  SecurityPolicy,
  StatusCodes,
  UserNameIdentityToken,
  type UserTokenPolicy,
  UserTokenType,
} from "node-opcua";
import { extractPublicKeyFromCertificateSync, toPem } from "node-opcua-crypto";
import { ServiceError, type UserIdentity } from "./upstream-session.ts";

/** Policies a password may be encrypted with, best first; None (in plain) last. */
const passwordPolicies: readonly SecurityPolicy[] = [
  SecurityPolicy.Aes256_Sha256_RsaPss,
  SecurityPolicy.Basic256Sha256,
  SecurityPolicy.Aes128_Sha256_RsaOaep,
  SecurityPolicy.Basic256,
  SecurityPolicy.None,
];

export interface TokenContext {
  readonly endpoint: EndpointDescription;
  /** DER. */
  readonly serverCertificate: Buffer | null;
  readonly serverNonce: Buffer;
}

/** How a user is shown to this endpoint. */
export type TokenPlan =
  | { readonly kind: "anonymous"; readonly policyId: string }
  | { readonly kind: "userName"; readonly policyId: string; readonly securityPolicy: SecurityPolicy };

/**
 * Chooses the user token policy of an endpoint (policyId differs per server). A policy without a
 * security policy has the endpoint's (Part 4, 7.41).
 * @throws ServiceError USER_TOKEN_UNSUPPORTED
 */
export function planToken(endpoint: EndpointDescription, identity: UserIdentity): TokenPlan {
  const policies = endpoint.userIdentityTokens ?? [];
  switch (identity.kind) {
    case "anonymous": {
      const policy = policies.find((candidate) => candidate.tokenType === UserTokenType.Anonymous);
      if (!policy) throw unsupported("anonymous users", endpoint);
      return { kind: "anonymous", policyId: policy.policyId ?? "" };
    }
    case "userName": {
      const candidates = policies.filter((candidate) => candidate.tokenType === UserTokenType.UserName);
      for (const securityPolicy of passwordPolicies) {
        const policy = candidates.find((candidate) => policyOf(candidate, endpoint) === securityPolicy);
        if (policy) return { kind: "userName", policyId: policy.policyId ?? "", securityPolicy };
      }
      throw unsupported("user names with a password policy known here", endpoint);
    }
  }
}

/** The token itself; a password is encrypted for the server's certificate and nonce unless the plan says None. */
export function makeToken(
  plan: TokenPlan,
  identity: UserIdentity,
  context: TokenContext,
): AnonymousIdentityToken | UserNameIdentityToken {
  if (plan.kind === "anonymous" || identity.kind === "anonymous") {
    return new AnonymousIdentityToken({ policyId: plan.policyId });
  }
  const { policyId, securityPolicy } = plan;
  const { userName, password } = identity;
  if (securityPolicy === SecurityPolicy.None) {
    return new UserNameIdentityToken({ policyId, userName, password, encryptionAlgorithm: null });
  }
  const crypto = getCryptoFactory(securityPolicy);
  if (!crypto || !context.serverCertificate) throw unsupported("an encrypted password", context.endpoint);
  const certificatePem = toPem(context.serverCertificate, "CERTIFICATE");
  const publicKey = createPublicKey(extractPublicKeyFromCertificateSync(certificatePem));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(password.length + context.serverNonce.length);
  return new UserNameIdentityToken({
    policyId,
    userName,
    password: crypto.asymmetricEncrypt(Buffer.concat([length, password, context.serverNonce]), publicKey),
    encryptionAlgorithm: crypto.asymmetricEncryptionAlgorithm,
  });
}

function policyOf(policy: UserTokenPolicy, endpoint: EndpointDescription): string {
  return policy.securityPolicyUri || endpoint.securityPolicyUri || SecurityPolicy.None;
}

function unsupported(what: string, endpoint: EndpointDescription): ServiceError {
  const offered = (endpoint.userIdentityTokens ?? []).map((policy) => UserTokenType[policy.tokenType]);
  return new ServiceError(
    "USER_TOKEN_UNSUPPORTED",
    StatusCodes.BadIdentityTokenRejected,
    `The endpoint ${endpoint.endpointUrl} does not take ${what}; it takes ${offered.join(", ") || "none"}.`,
  );
}
