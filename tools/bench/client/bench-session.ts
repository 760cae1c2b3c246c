import { randomBytes } from "node:crypto";
import {
  ActivateSessionRequest,
  AnonymousIdentityToken,
  CloseSessionRequest,
  CreateSessionRequest,
  type CreateSessionResponse,
  type NodeId,
  UserTokenType,
} from "node-opcua";
import { UpstreamChannel } from "../../../src/opc/ua/upstream/channel.ts";
import type {
  ResponseCallback,
  ServiceRequest,
  ServiceResponse,
} from "../../../src/opc/ua/upstream/upstream-session.ts";

const nonceBytes = 32;
/** Outlives every fault a bench injects. */
const sessionTimeoutMs = 120_000;

type WithToken = ServiceRequest["requestHeader"] & { authenticationToken: NodeId };

/** An anonymous session without security, as thin as it can be. It never reconnects. */
export class BenchSession {
  readonly #channel: UpstreamChannel;
  #token: NodeId | null = null;

  private constructor(channel: UpstreamChannel) {
    this.#channel = channel;
  }

  static async open(endpointUrl: string, timeoutMs: number): Promise<BenchSession> {
    const startMs = performance.now();
    const channel = await UpstreamChannel.open({
      endpointUrl,
      securityPolicy: "None",
      serverCertificate: null,
      // Without security there is no certificate to ask for.
      parent: null as unknown as Parameters<typeof UpstreamChannel.open>[0]["parent"],
      openTimeoutMs: timeoutMs,
    });
    const session = new BenchSession(channel);
    try {
      const leftMs = () => Math.max(1, timeoutMs - (performance.now() - startMs));
      const created = await session.call<CreateSessionResponse & ServiceResponse>(
        new CreateSessionRequest({
          clientDescription: { applicationUri: "urn:understudy:bench", applicationType: 1 },
          endpointUrl,
          sessionName: "bench",
          clientNonce: randomBytes(nonceBytes),
          requestedSessionTimeout: sessionTimeoutMs,
        }),
        leftMs(),
      );
      session.#token = created.authenticationToken;
      const policyId = (created.serverEndpoints ?? [])
        .flatMap((endpoint) => endpoint.userIdentityTokens ?? [])
        .find((token) => token.tokenType === UserTokenType.Anonymous)?.policyId;
      await session.call(
        new ActivateSessionRequest({
          clientSignature: {},
          userIdentityToken: new AnonymousIdentityToken({ policyId: policyId ?? "anonymous" }),
        }),
        leftMs(),
      );
      return session;
    } catch (error) {
      channel.abort();
      throw error;
    }
  }

  set onLost(listener: (detail: string) => void) {
    this.#channel.onLost = listener;
  }

  /** `timeoutMs` 0 = none. */
  send(request: ServiceRequest, timeoutMs: number, callback: ResponseCallback): void {
    if (this.#token) (request.requestHeader as WithToken).authenticationToken = this.#token;
    this.#channel.send(request, timeoutMs, callback);
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
    await this.call(new CloseSessionRequest({ deleteSubscriptions: true }), 1000).catch(() => null);
    await this.#channel.close();
  }

  abort(): void {
    this.#channel.abort();
  }
}
