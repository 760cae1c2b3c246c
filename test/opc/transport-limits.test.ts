import "./fixtures/quiet.ts";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IHelloAckLimits } from "node-opcua";
import { ServerSecureChannelLayer } from "node-opcua-secure-channel";
import {
  type ApplicationIdentity,
  loadApplicationIdentity,
} from "../../src/opc/ua/pki/application-identity.ts";
import { UpstreamChannel } from "../../src/opc/ua/upstream/channel.ts";
import { ServiceError } from "../../src/opc/ua/upstream/upstream-session.ts";
import { rawRequest, rawResponse, requestFactory } from "../../src/opc/ua/wire/raw-factory.ts";
import { RawRequest, RawResponse } from "../../src/opc/ua/wire/raw-message.ts";

/** A server that grants these limits and sends the body of each Read back three times. */
async function echoServer(
  application: ApplicationIdentity,
  grant: (asked: IHelloAckLimits) => IHelloAckLimits,
): Promise<{ readonly server: Server; readonly url: string }> {
  const parent = {
    certificateManager: application.trustList.checker(true),
    getCertificate: () => application.getCertificate(),
    getCertificateChain: () => application.getCertificateChain(),
    getKeyOperations: () => application.getKeyOperations(),
    getEndpointDescription: () => ({}) as never,
  };
  const server = createServer((socket) => {
    const channel = new ServerSecureChannelLayer({
      parent,
      timeout: 30_000,
      objectFactory: requestFactory,
      adjustTransportLimits: grant,
    });
    channel.init(socket as Parameters<ServerSecureChannelLayer["init"]>[0], () => {});
    channel.on("message", (message) => {
      const { request } = message;
      if (!((request as unknown) instanceof RawRequest)) {
        channel.close();
        return;
      }
      const { body } = request as unknown as RawRequest;
      channel.send_response("MSG", rawResponse("Read", Buffer.concat([body, body, body])) as never, message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `opc.tcp://127.0.0.1:${(server.address() as { port: number }).port}` };
}

describe("the sizes an upstream channel agrees on with a server", function () {
  this.timeout(20_000);
  let folder: string;
  let application: ApplicationIdentity;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "understudy-test-"));
    application = await loadApplicationIdentity({ directory: folder });
  });

  after(async () => {
    await application.trustList.close();
    await rm(folder, { recursive: true });
  });

  async function echo(
    grant: (asked: IHelloAckLimits) => IHelloAckLimits,
    bytes: number,
  ): Promise<RawResponse> {
    const { server, url: endpointUrl } = await echoServer(application, grant);
    const channel = await UpstreamChannel.open({
      endpointUrl,
      securityPolicy: "None",
      serverCertificate: null,
      parent: application,
      openTimeoutMs: 5000,
    });
    try {
      const response = await channel.call(rawRequest("Read", Buffer.alloc(bytes, 7)), 5000);
      assert.ok(response instanceof RawResponse);
      return response;
    } finally {
      channel.abort();
      server.close();
    }
  }

  it("are kept to when the server takes small chunks and sends large ones", async () => {
    const grant = (asked: IHelloAckLimits) => ({ ...asked, receiveBufferSize: 8192, sendBufferSize: 65_536 });
    const response = await echo(grant, 100_000);
    assert.deepEqual(response.body, Buffer.alloc(300_000, 7));
  });

  it("are kept to when the server takes large chunks and sends small ones", async () => {
    const grant = (asked: IHelloAckLimits) => ({ ...asked, receiveBufferSize: 65_536, sendBufferSize: 8192 });
    const response = await echo(grant, 100_000);
    assert.deepEqual(response.body, Buffer.alloc(300_000, 7));
  });

  it("make a request that is too large an error of its own and leave the channel open", async () => {
    const grant = (asked: IHelloAckLimits) => ({ ...asked, maxMessageSize: 100_000, maxChunkCount: 10 });
    await assert.rejects(echo(grant, 200_000), (error) => {
      assert.ok(error instanceof ServiceError);
      assert.equal(error.statusCode.name, "BadTcpMessageTooLarge");
      return true;
    });
  });
});
