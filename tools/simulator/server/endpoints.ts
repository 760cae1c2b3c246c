import {
  ApplicationDescription,
  ApplicationType,
  EndpointDescription,
  MessageSecurityMode,
  SecurityPolicy,
  UserTokenType,
} from "node-opcua";
import { simulatorNamespaceUri } from "../model/standard-nodes.ts";

const transportProfileUri = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary";

export interface EndpointSettings {
  readonly endpointUrl: string;
  readonly applicationUri: string;
  readonly name: string;
  /** DER; null = only security None is offered. */
  readonly certificate: Buffer | null;
  readonly anonymous: boolean;
  readonly hasUsers: boolean;
}

export function applicationDescription(settings: EndpointSettings): ApplicationDescription {
  return new ApplicationDescription({
    applicationUri: settings.applicationUri,
    productUri: simulatorNamespaceUri,
    applicationName: { text: settings.name },
    applicationType: ApplicationType.Server,
    discoveryUrls: [settings.endpointUrl],
  });
}

/** None, and with a certificate Basic256Sha256 SignAndEncrypt as well. */
export function endpointDescriptions(settings: EndpointSettings): EndpointDescription[] {
  const server = applicationDescription(settings);
  const passwordPolicy = settings.certificate ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None;
  const userIdentityTokens = [
    ...(settings.anonymous ? [{ policyId: "anonymous", tokenType: UserTokenType.Anonymous }] : []),
    ...(settings.hasUsers
      ? [{ policyId: "username", tokenType: UserTokenType.UserName, securityPolicyUri: passwordPolicy }]
      : []),
  ];
  const describe = (securityMode: MessageSecurityMode, securityPolicyUri: SecurityPolicy, level: number) =>
    new EndpointDescription({
      endpointUrl: settings.endpointUrl,
      server,
      ...(settings.certificate ? { serverCertificate: settings.certificate } : {}),
      securityMode,
      securityPolicyUri,
      userIdentityTokens,
      transportProfileUri,
      securityLevel: level,
    });
  return [
    describe(MessageSecurityMode.None, SecurityPolicy.None, 0),
    ...(settings.certificate
      ? [describe(MessageSecurityMode.SignAndEncrypt, SecurityPolicy.Basic256Sha256, 100)]
      : []),
  ];
}
