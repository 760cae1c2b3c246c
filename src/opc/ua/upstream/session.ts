import { randomBytes } from "node:crypto";
import {
  ActivateSessionRequest,
  type ActivateSessionResponse,
  ApplicationType,
  CloseSessionRequest,
  CreateSessionRequest,
  type CreateSessionResponse,
  computeSignatureAsync,
  type EndpointDescription,
  type NodeId,
  SecurityPolicy,
  StatusCodes,
  verifySignature,
} from "node-opcua";
import { split_der } from "node-opcua-crypto";
import type { MemberSettings } from "../../../project/project.ts";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import { abortedError, UpstreamChannel } from "./channel.ts";
import { chooseEndpoint, EndpointDirectory, memberEndpointUrl, requireTrust } from "./discovery.ts";
import { makeToken, planToken } from "./identity-token.ts";
import {
  type ResponseCallback,
  ServiceError,
  type ServiceRequest,
  type ServiceResponse,
  type UpstreamSession,
  type UpstreamSessionOptions,
} from "./upstream-session.ts";

const closeSessionTimeoutMs = 500;
const clientNonceBytes = 32;

/** Status codes of a response that say the session is gone although the channel is not. */
const sessionGone: ReadonlySet<number> = new Set([
  StatusCodes.BadSessionIdInvalid.value,
  StatusCodes.BadSessionClosed.value,
  StatusCodes.BadSecureChannelIdInvalid.value,
  StatusCodes.BadSecureChannelClosed.value,
]);

/**
 * Opens a session on a member: channel, CreateSession, ActivateSession. Bounded by `openTimeoutMs`.
 * `directory` remembers secured endpoints between calls; share one among the sessions of a broker.
 * @throws ServiceError with the server's status code (a refused user: BadIdentityTokenRejected,
 * BadUserAccessDenied), or CONNECT_FAILED, CONNECT_TIMEOUT, CONNECT_ABORTED, ENDPOINT_UNAVAILABLE,
 * SERVER_CERTIFICATE_UNTRUSTED, SERVER_SIGNATURE_INVALID, USER_TOKEN_UNSUPPORTED.
 */
export async function openUpstreamSession(
  member: MemberSettings,
  options: UpstreamSessionOptions,
  application: ApplicationIdentity,
  directory: EndpointDirectory = new EndpointDirectory(application),
): Promise<UpstreamSession> {
  const opening = new Opening(member, options, application, directory);
  try {
    return await opening.run();
  } catch (error) {
    if (!isUserRefused(error)) directory.forget(member);
    throw error;
  }
}

/** One attempt to open a session; holds what its steps share. */
class Opening {
  readonly #member: MemberSettings;
  readonly #options: UpstreamSessionOptions;
  readonly #application: ApplicationIdentity;
  readonly #directory: EndpointDirectory;
  readonly #url: string;
  readonly #deadlineMs: number;

  constructor(
    member: MemberSettings,
    options: UpstreamSessionOptions,
    application: ApplicationIdentity,
    directory: EndpointDirectory,
  ) {
    this.#member = member;
    this.#options = options;
    this.#application = application;
    this.#directory = directory;
    this.#url = memberEndpointUrl(member);
    this.#deadlineMs = performance.now() + options.openTimeoutMs;
  }

  async run(): Promise<UpstreamSession> {
    const { signal } = this.#options;
    if (signal?.aborted) throw abortedError(this.#url);
    const secured = await this.#securedEndpoint();
    const channel = await UpstreamChannel.open({
      endpointUrl: this.#url,
      securityPolicy: this.#member.securityPolicy,
      serverCertificate: secured ? leafOf(secured.serverCertificate) : null,
      parent: this.#application,
      openTimeoutMs: this.#leftMs(),
      signal,
    });
    const abort = (): void => channel.abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const session = await this.#establish(channel, secured);
      if (signal?.aborted) throw abortedError(this.#url);
      return session;
    } catch (error) {
      channel.abort();
      throw signal?.aborted ? abortedError(this.#url) : error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  async #securedEndpoint(): Promise<EndpointDescription | null> {
    if (this.#member.securityPolicy === "None") return null;
    return await this.#directory.lookup(this.#member, this.#leftMs(), this.#options.signal);
  }

  async #establish(
    channel: UpstreamChannel,
    secured: EndpointDescription | null,
  ): Promise<OpenUpstreamSession> {
    const application = this.#application;
    const options = this.#options;
    const clientNonce = randomBytes(clientNonceBytes);
    const created = await channel.call<Answer<CreateSessionResponse>>(
      new CreateSessionRequest({
        clientDescription: {
          applicationUri: application.applicationUri,
          productUri: application.productUri,
          applicationName: { text: application.applicationName },
          applicationType: ApplicationType.Client,
        },
        endpointUrl: this.#url,
        sessionName: options.sessionName,
        clientNonce,
        ...(secured ? { clientCertificate: application.getCertificate() } : {}),
        requestedSessionTimeout: options.sessionTimeoutMs,
        maxResponseMessageSize: 0,
      }),
      this.#leftMs(),
    );
    if (secured) this.#verifyServer(created, secured, clientNonce);
    const endpoint = chooseEndpoint(created.serverEndpoints ?? [], this.#member.securityPolicy) ?? secured;
    if (!endpoint) throw this.#noEndpoint();
    const activation = await this.#activation(created, endpoint, secured !== null);
    const session = new OpenUpstreamSession(channel, created);
    await session.call<Answer<ActivateSessionResponse>>(activation, this.#leftMs());
    return session;
  }

  /** Part 4, 5.6.2: the server proves that it has the key to the certificate it showed. */
  #verifyServer(created: CreateSessionResponse, secured: EndpointDescription, clientNonce: Buffer): void {
    const expected = leafOf(secured.serverCertificate);
    const shown = leafOf(created.serverCertificate);
    const proven =
      expected !== null &&
      shown?.equals(expected) === true &&
      verifySignature(
        this.#application.getCertificate(),
        clientNonce,
        created.serverSignature,
        expected,
        SecurityPolicy.Basic256Sha256,
      );
    if (proven) return;
    throw new ServiceError(
      "SERVER_SIGNATURE_INVALID",
      StatusCodes.BadApplicationSignatureInvalid,
      `${this.#url} could not prove that its certificate is its own. Check that no other server answers at this address.`,
    );
  }

  async #activation(
    created: CreateSessionResponse,
    endpoint: EndpointDescription,
    secured: boolean,
  ): Promise<ActivateSessionRequest> {
    const { identity, localeIds } = this.#options;
    const plan = planToken(endpoint, identity);
    const serverCertificate = leafOf(created.serverCertificate) ?? leafOf(endpoint.serverCertificate);
    const serverNonce = created.serverNonce ?? Buffer.alloc(0);
    if (!secured && plan.kind === "userName" && plan.securityPolicy !== SecurityPolicy.None) {
      // Encrypting for a certificate that anyone on the way may have put there would protect nothing.
      await requireTrust(serverCertificate, this.#member, this.#application);
    }
    const token = makeToken(plan, identity, { endpoint, serverCertificate, serverNonce });
    const keys = this.#application.getKeyOperations();
    const signature = secured
      ? await computeSignatureAsync(serverCertificate, serverNonce, keys, SecurityPolicy.Basic256Sha256)
      : undefined;
    return new ActivateSessionRequest({
      clientSignature: signature ?? {},
      localeIds: [...localeIds],
      userIdentityToken: token,
      userTokenSignature: {},
    });
  }

  #noEndpoint(): ServiceError {
    const message = `${this.#url} admits sessions without security but lists no endpoint for them. Change securityPolicy of this member.`;
    return new ServiceError("ENDPOINT_UNAVAILABLE", StatusCodes.BadSecurityPolicyRejected, message);
  }

  /** ms left of the time to open; at least 1, so that the step itself reports the timeout. */
  #leftMs(): number {
    return Math.max(1, Math.ceil(this.#deadlineMs - performance.now()));
  }
}

type Answer<R> = R & ServiceResponse;

class OpenUpstreamSession implements UpstreamSession {
  readonly revisedSessionTimeoutMs: number;
  readonly maxRequestMessageSize: number;
  onLost: ((detail: string) => void) | null = null;
  readonly #channel: UpstreamChannel;
  readonly #token: NodeId;
  #lastSentMs = performance.now();

  constructor(channel: UpstreamChannel, created: CreateSessionResponse) {
    this.#channel = channel;
    this.#token = created.authenticationToken;
    this.revisedSessionTimeoutMs = created.revisedSessionTimeout;
    this.maxRequestMessageSize = smallestLimit(created.maxRequestMessageSize, channel.maxRequestMessageSize);
    channel.onLost = (detail) => this.#lost(detail);
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  get idleMs(): number {
    return performance.now() - this.#lastSentMs;
  }

  send(request: ServiceRequest, timeoutMs: number, callback: ResponseCallback): void {
    const header = request.requestHeader as ServiceRequest["requestHeader"] & { authenticationToken: NodeId };
    header.authenticationToken = this.#token;
    this.#lastSentMs = performance.now();
    this.#channel.send(request, timeoutMs, (error, response) => {
      callback(error, response);
      if (error && sessionGone.has(error.statusCode.value) && this.#channel.isOpen) {
        this.#channel.abort();
        this.#lost(`the server no longer knows the session (${error.statusCode.name})`);
      }
    });
  }

  call<R extends ServiceResponse>(request: ServiceRequest, timeoutMs: number): Promise<R> {
    return new Promise((resolve, reject) => {
      this.send(request, timeoutMs, (error, response) => {
        if (error) reject(error);
        else resolve(response as R);
      });
    });
  }

  async close(): Promise<void> {
    this.onLost = null;
    if (!this.isOpen) return;
    const request = new CloseSessionRequest({ deleteSubscriptions: true });
    // A server that does not answer has nothing to say that matters now.
    await this.call(request, closeSessionTimeoutMs).catch(() => null);
    await this.#channel.close();
  }

  abort(): void {
    this.onLost = null;
    this.#channel.abort();
  }

  #lost(detail: string): void {
    const { onLost } = this;
    this.onLost = null;
    onLost?.(detail);
  }
}

function leafOf(certificateOrChain: Buffer | null | undefined): Buffer | null {
  if (!certificateOrChain || certificateOrChain.length === 0) return null;
  return split_der(certificateOrChain)[0] ?? null;
}

/** The smaller of two limits where 0 means none. */
function smallestLimit(a: number, b: number): number {
  if (a === 0 || b === 0) return Math.max(a, b);
  return Math.min(a, b);
}

/** The server is the right one and said no to the user: its endpoint need not be looked up again. */
function isUserRefused(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  const { statusCode } = error;
  return (
    statusCode.equals(StatusCodes.BadIdentityTokenRejected) ||
    statusCode.equals(StatusCodes.BadUserAccessDenied)
  );
}
