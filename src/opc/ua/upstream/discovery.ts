import {
  type EndpointDescription,
  GetEndpointsRequest,
  type GetEndpointsResponse,
  MessageSecurityMode,
  StatusCodes,
} from "node-opcua";
import { split_der } from "node-opcua-crypto";
import type { MemberSettings, SecurityPolicyName } from "../../../project/project.ts";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import { bounded } from "./bounded.ts";
import { UpstreamChannel } from "./channel.ts";
import { ServiceError } from "./upstream-session.ts";

const tcpProfile = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary";

const policyUris: Readonly<Record<SecurityPolicyName, string>> = Object.freeze({
  None: "http://opcfoundation.org/UA/SecurityPolicy#None",
  Basic256Sha256: "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256",
});

export function securityPolicyUri(policy: SecurityPolicyName): string {
  return policyUris[policy];
}

/** The member's endpoint URL; `opc.tcp://<machine>:4840` where none is given. */
export function memberEndpointUrl(member: MemberSettings): string {
  return member.endpointUrl ?? `opc.tcp://${member.machine}:4840`;
}

/** The endpoint of that policy: None, or Basic256Sha256 with SignAndEncrypt; null where there is none. */
export function chooseEndpoint(
  endpoints: readonly EndpointDescription[],
  policy: SecurityPolicyName,
): EndpointDescription | null {
  const mode = policy === "None" ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt;
  const found = endpoints.find(
    (endpoint) =>
      endpoint.securityPolicyUri === policyUris[policy] &&
      endpoint.securityMode === mode &&
      (endpoint.transportProfileUri ?? tcpProfile) === tcpProfile,
  );
  return found ?? null;
}

export interface DiscoveryOptions {
  readonly application: ApplicationIdentity;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** GetEndpoints on a channel of its own without security. @throws ServiceError */
export async function discoverEndpoints(
  endpointUrl: string,
  options: DiscoveryOptions,
): Promise<readonly EndpointDescription[]> {
  const startMs = performance.now();
  const channel = await UpstreamChannel.open({
    endpointUrl,
    securityPolicy: "None",
    serverCertificate: null,
    parent: options.application,
    openTimeoutMs: options.timeoutMs,
    signal: options.signal,
  });
  const abort = (): void => channel.abort();
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    const leftMs = Math.max(1, options.timeoutMs - (performance.now() - startMs));
    const request = new GetEndpointsRequest({ endpointUrl, localeIds: [], profileUris: [] });
    const response = await channel.call<
      GetEndpointsResponse & { readonly schema: { readonly name: string } }
    >(request, leftMs);
    return response.endpoints ?? [];
  } finally {
    options.signal?.removeEventListener("abort", abort);
    void channel.close();
  }
}

/**
 * The secured endpoint of each member with its server certificate already checked for trust, so that
 * opening many sessions costs one GetEndpoints. Forget a member's entry when opening a session on it fails:
 * certificates are replaced while servers restart.
 */
export class EndpointDirectory {
  readonly #application: ApplicationIdentity;
  readonly #entries = new Map<string, Promise<EndpointDescription>>();

  constructor(application: ApplicationIdentity) {
    this.#application = application;
  }

  /** @throws ServiceError ENDPOINT_UNAVAILABLE, SERVER_CERTIFICATE_UNTRUSTED or what connecting throws. */
  lookup(
    member: MemberSettings,
    timeoutMs: number,
    signal?: AbortSignal | undefined,
  ): Promise<EndpointDescription> {
    // Nobody's giving up may fail the others that wait for the same entry.
    return bounded(this.#entry(member, timeoutMs), memberEndpointUrl(member), timeoutMs, signal);
  }

  #entry(member: MemberSettings, timeoutMs: number): Promise<EndpointDescription> {
    const key = keyOf(member);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const found = this.#discover(member, timeoutMs);
    this.#entries.set(key, found);
    // One that failed is not kept; whoever waits for it gets the error.
    found.catch(() => this.#entries.get(key) === found && this.#entries.delete(key));
    return found;
  }

  forget(member: MemberSettings): void {
    this.#entries.delete(keyOf(member));
  }

  async #discover(member: MemberSettings, timeoutMs: number): Promise<EndpointDescription> {
    const url = memberEndpointUrl(member);
    const endpoints = await discoverEndpoints(url, { application: this.#application, timeoutMs });
    const endpoint = chooseEndpoint(endpoints, member.securityPolicy);
    if (!endpoint) throw unavailable(url, member.securityPolicy, endpoints);
    await requireTrust(endpoint.serverCertificate, member, this.#application);
    return endpoint;
  }
}

function keyOf(member: MemberSettings): string {
  return [memberEndpointUrl(member), member.securityPolicy, member.trustServerCertificate].join(" ");
}

/** @throws ServiceError SERVER_CERTIFICATE_UNTRUSTED */
export async function requireTrust(
  certificateOrChain: Buffer | null,
  member: MemberSettings,
  application: ApplicationIdentity,
): Promise<void> {
  const url = memberEndpointUrl(member);
  const chain = certificateOrChain && certificateOrChain.length > 0 ? split_der(certificateOrChain) : [];
  const leaf = chain[0];
  if (!leaf) {
    throw new ServiceError(
      "SERVER_CERTIFICATE_UNTRUSTED",
      StatusCodes.BadCertificateInvalid,
      `${url} has not shown a certificate. Use securityPolicy None for it, or give the server a certificate.`,
    );
  }
  const status = await application.trustList.check(chain, member.trustServerCertificate);
  if (status.isGood()) return;
  const file = await application.trustList.rejectedFile(leaf);
  throw new ServiceError(
    "SERVER_CERTIFICATE_UNTRUSTED",
    status,
    `The certificate of ${url} is not trusted (${status.name}). ` +
      `If it is the right one, move ${file} to ${application.trustList.trustedFolder}, or set trustServerCertificate for this member.`,
  );
}

function unavailable(
  url: string,
  policy: SecurityPolicyName,
  endpoints: readonly EndpointDescription[],
): ServiceError {
  const offered = endpoints.map(
    ({ securityPolicyUri, securityMode }) =>
      `${securityPolicyUri?.split("#")[1] ?? "?"} ${MessageSecurityMode[securityMode]}`,
  );
  return new ServiceError(
    "ENDPOINT_UNAVAILABLE",
    StatusCodes.BadSecurityPolicyRejected,
    `${url} has no endpoint with ${policy === "None" ? "security None" : `${policy} SignAndEncrypt`}; ` +
      `it offers ${[...new Set(offered)].join(", ") || "none"}. Change securityPolicy of this member.`,
  );
}
