import {
  ApplicationDescription,
  ApplicationType,
  EndpointDescription,
  MessageSecurityMode,
  SecurityPolicy,
  UserTokenPolicy,
  UserTokenType,
} from "node-opcua";
import type { OpcUaFrontSettings, SecurityPolicyName } from "../../../project/project.ts";
import type { ApplicationIdentity } from "../pki/application-identity.ts";

const transportProfileUri = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary";

export const anonymousPolicyId = "anonymous";
export const userNamePolicyId = "username";

/** The URL of a pair as its clients write it: the host they used, with the pair's name as path. */
export function pairUrl(authority: string, name: string): string {
  return `opc.tcp://${authority}/${encodeURIComponent(name)}`;
}

/** `host:port` of an endpoint URL; null where there is none. */
export function authorityOf(endpointUrl: string): string | null {
  return /^opc\.tcp:\/\/([^/?#]+)/i.exec(endpointUrl)?.[1] ?? null;
}

/** The pair's name in an endpoint URL, decoded; empty where the URL names none. */
export function pathOf(endpointUrl: string): string {
  const path = /^opc\.tcp:\/\/[^/?#]*\/([^?#]*)/i.exec(endpointUrl)?.[1] ?? "";
  const trimmed = path.replace(/\/+$/, "");
  try {
    return decodeURIComponent(trimmed);
  } catch {
    return trimmed;
  }
}

/** The pair as a server that clients can find (OPC 10000-4, 7.2). */
export function applicationOf(
  identity: ApplicationIdentity,
  name: string,
  url: string,
): ApplicationDescription {
  return new ApplicationDescription({
    applicationUri: identity.applicationUri,
    productUri: identity.productUri,
    applicationName: { text: name },
    applicationType: ApplicationType.Server,
    discoveryUrls: [url],
  });
}

/** The endpoints of a pair under one URL, one for each security policy offered. */
export function endpointsOf(
  settings: OpcUaFrontSettings,
  identity: ApplicationIdentity,
  name: string,
  url: string,
): EndpointDescription[] {
  const certificate = identity.getCertificate();
  return settings.securityPolicies.map(
    (policy) =>
      new EndpointDescription({
        endpointUrl: url,
        server: applicationOf(identity, name, url),
        serverCertificate: certificate,
        securityMode: securityModeOf(policy),
        securityPolicyUri: SecurityPolicy[policy],
        userIdentityTokens: userTokenPolicies(settings.allowAnonymous),
        transportProfileUri,
        securityLevel: policy === "None" ? 0 : 100,
      }),
  );
}

export function securityModeOf(policy: SecurityPolicyName): MessageSecurityMode {
  return policy === "None" ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt;
}

/** Passwords are always encrypted, also where the channel is not. */
function userTokenPolicies(allowAnonymous: boolean): UserTokenPolicy[] {
  const userName = new UserTokenPolicy({
    policyId: userNamePolicyId,
    tokenType: UserTokenType.UserName,
    securityPolicyUri: SecurityPolicy.Basic256Sha256,
  });
  const anonymous = new UserTokenPolicy({ policyId: anonymousPolicyId, tokenType: UserTokenType.Anonymous });
  return allowAnonymous ? [anonymous, userName] : [userName];
}
