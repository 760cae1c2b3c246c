import "./fixtures/quiet.ts";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
  BrowseRequest,
  type BrowseResponse,
  GetEndpointsRequest,
  type GetEndpointsResponse,
  ServerState,
  StatusCodes,
} from "node-opcua";
import {
  type ApplicationIdentity,
  loadApplicationIdentity,
} from "../../src/opc/ua/pki/application-identity.ts";
import { UpstreamChannel } from "../../src/opc/ua/upstream/channel.ts";
import { EndpointDirectory } from "../../src/opc/ua/upstream/discovery.ts";
import { keepAlive } from "../../src/opc/ua/upstream/keep-alive.ts";
import { readRequest, readServerState } from "../../src/opc/ua/upstream/server-object.ts";
import { openUpstreamSession } from "../../src/opc/ua/upstream/session.ts";
import {
  ServiceError,
  type UpstreamSession,
  type UpstreamSessionOptions,
} from "../../src/opc/ua/upstream/upstream-session.ts";
import { rawRequest } from "../../src/opc/ua/wire/raw-factory.ts";
import { RawResponse } from "../../src/opc/ua/wire/raw-message.ts";
import { FixtureServer } from "./fixtures/child.ts";

const anonymous: UpstreamSessionOptions = {
  sessionName: "test",
  identity: { kind: "anonymous" },
  sessionTimeoutMs: 60_000,
  localeIds: ["en"],
  openTimeoutMs: 5000,
};

function asUser(userName: string, password: string): UpstreamSessionOptions {
  return { ...anonymous, identity: { kind: "userName", userName, password: Buffer.from(password) } };
}

function serviceError(code: string, statusCode = ""): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ServiceError, String(error));
    assert.equal(error.code, code, error.message);
    if (statusCode !== "") assert.equal(error.statusCode.name, statusCode);
    return true;
  };
}

function lost(session: UpstreamSession): Promise<string> {
  return new Promise((resolve) => {
    session.onLost = resolve;
  });
}

describe("an upstream session", function () {
  this.timeout(20_000);
  let folder: string;
  let application: ApplicationIdentity;
  let server: FixtureServer;
  const opened: UpstreamSession[] = [];
  const extra: FixtureServer[] = [];

  async function open(
    options: UpstreamSessionOptions = anonymous,
    member = server.member(),
    directory?: EndpointDirectory,
  ): Promise<UpstreamSession> {
    const session = await openUpstreamSession(member, options, application, directory);
    opened.push(session);
    return session;
  }

  async function startServer(): Promise<FixtureServer> {
    const another = await FixtureServer.start({ pki: join(folder, "server") });
    extra.push(another);
    return another;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "understudy-test-"));
    await mkdir(join(folder, "server"));
    application = await loadApplicationIdentity({ directory: join(folder, "pki") });
    server = await FixtureServer.start({ pki: join(folder, "server"), users: { operator: "söcret" } });
  });

  afterEach(async () => {
    for (const session of opened.splice(0)) session.abort();
    for (const another of extra.splice(0)) await another.end();
  });

  after(async () => {
    await server.end();
    await application.trustList.close();
    await rm(folder, { recursive: true });
  });

  it("opens without security and reads the server's state", async () => {
    const session = await open();
    assert.equal(await readServerState(session, 1000), ServerState.Running);
    assert.ok(session.revisedSessionTimeoutMs > 0);
    await session.close();
    assert.equal(session.isOpen, false);
  });

  it("gives responses of the raw services as bytes and others decoded", async () => {
    const session = await open();
    const raw = await session.call(readRequest(["i=2259"]), 1000);
    assert.ok(raw instanceof RawResponse);
    assert.equal(raw.body.readInt32LE(0), 1);
    const browse = new BrowseRequest({ nodesToBrowse: [{ nodeId: "i=84", resultMask: 63 }] });
    const answer = await session.call<BrowseResponse>(browse, 1000);
    assert.ok((answer.results?.[0]?.references?.length ?? 0) > 0);
  });

  it("turns a service fault into an error with the server's status code", async () => {
    const session = await open();
    const nothingToDo = rawRequest("Read", Buffer.from("0000000000000000000000000000000000000000", "hex"));
    await assert.rejects(session.call(nothingToDo, 1000), serviceError("SERVICE_FAULT", "BadNothingToDo"));
    assert.equal(await readServerState(session, 1000), ServerState.Running);
  });

  it("opens with Basic256Sha256 and a user name whose password is encrypted", async () => {
    const member = server.member({ securityPolicy: "Basic256Sha256", trustServerCertificate: true });
    const session = await open(asUser("operator", "söcret"), member);
    assert.equal(await readServerState(session, 1000), ServerState.Running);
    await session.close();
  });

  it("encrypts the password on an unsecured channel where the server asks for it", async () => {
    const session = await open(asUser("operator", "söcret"), server.member({ trustServerCertificate: true }));
    assert.equal(session.isOpen, true);
  });

  it("reports a wrong password with the server's status code", async () => {
    const member = server.member({ trustServerCertificate: true });
    await assert.rejects(open(asUser("operator", "wrong"), member), (error) => {
      assert.ok(error instanceof ServiceError);
      assert.match(error.statusCode.name, /BadUserAccessDenied|BadIdentityTokenRejected/);
      return true;
    });
  });

  it("refuses an unknown server certificate, names the file, and accepts it once that is moved", async () => {
    const member = server.member({ securityPolicy: "Basic256Sha256" });
    const directory = new EndpointDirectory(application);
    let message = "";
    await assert.rejects(open(anonymous, member, directory), (error) => {
      message = (error as Error).message;
      return serviceError("SERVER_CERTIFICATE_UNTRUSTED", "BadCertificateUntrusted")(error);
    });
    const file = /move (.*\.pem) to/.exec(message)?.[1] ?? "";
    assert.deepEqual(await readdir(join(folder, "pki", "rejected")), [basename(file)]);
    await rename(file, join(application.trustList.trustedFolder, basename(file)));
    const again = await loadApplicationIdentity({ directory: join(folder, "pki") });
    try {
      const session = await openUpstreamSession(member, anonymous, again);
      opened.push(session);
      assert.equal(await readServerState(session, 1000), ServerState.Running);
    } finally {
      await again.trustList.close();
    }
  });

  it("looks an endpoint up once for many sessions", async () => {
    const member = server.member({ securityPolicy: "Basic256Sha256", trustServerCertificate: true });
    const directory = new EndpointDirectory(application);
    const endpoints = await Promise.all([
      directory.lookup(member, 5000),
      open(anonymous, member, directory).then(() => directory.lookup(member, 5000)),
    ]);
    assert.equal(endpoints[0], endpoints[1]);
  });

  it("is opened for others though the one that looked the endpoint up first gave up", async () => {
    const member = server.member({ securityPolicy: "Basic256Sha256", trustServerCertificate: true });
    const directory = new EndpointDirectory(application);
    const given = new AbortController();
    const first = open({ ...anonymous, signal: given.signal }, member, directory);
    const second = open(anonymous, member, directory);
    given.abort();
    await assert.rejects(first, serviceError("CONNECT_ABORTED"));
    assert.equal((await second).isOpen, true);
  });

  it("answers every outstanding request once and reports the loss once when the server is killed", async () => {
    const killed = await startServer();
    const session = await open(anonymous, killed.member());
    const answers: string[] = [];
    const gone = lost(session);
    killed.signal("SIGSTOP");
    for (let i = 0; i < 20; i++) {
      session.send(readRequest(["i=2259"]), i % 2 ? 5000 : 0, (error) =>
        answers.push(error?.statusCode.name ?? "Good"),
      );
    }
    killed.signal("SIGKILL");
    assert.notEqual(await gone, "");
    assert.deepEqual(answers, Array(20).fill("BadConnectionClosed"));
    assert.equal(session.isOpen, false);
    await assert.rejects(session.call(readRequest(["i=2259"]), 1000), serviceError("CONNECTION_CLOSED"));
    await session.close();
  });

  it("times a request out by itself and ignores the late answer", async () => {
    const hung = await startServer();
    const session = await open(anonymous, hung.member());
    hung.signal("SIGSTOP");
    const startMs = performance.now();
    await assert.rejects(session.call(readRequest(["i=2259"]), 60), serviceError("REQUEST_TIMEOUT"));
    assert.ok(performance.now() - startMs < 1000);
    hung.signal("SIGCONT");
    assert.equal(await readServerState(session, 5000), ServerState.Running);
  });

  it("is dropped at once by abort while the server hangs", async () => {
    const hung = await startServer();
    const session = await open(anonymous, hung.member());
    hung.signal("SIGSTOP");
    const answer = assert.rejects(
      session.call(readRequest(["i=2259"]), 0),
      serviceError("CONNECTION_CLOSED"),
    );
    session.onLost = () => assert.fail("onLost after abort");
    const startMs = performance.now();
    session.abort();
    assert.equal(session.isOpen, false);
    await answer;
    assert.ok(performance.now() - startMs < 50);
  });

  it("gives up opening on a server that hangs, after the time allowed or when told to", async () => {
    const hung = await startServer();
    hung.signal("SIGSTOP");
    const startMs = performance.now();
    await assert.rejects(
      open({ ...anonymous, openTimeoutMs: 200 }, hung.member()),
      serviceError("CONNECT_TIMEOUT", "BadTimeout"),
    );
    assert.ok(performance.now() - startMs < 1500);
    const given = new AbortController();
    const opening = open({ ...anonymous, signal: given.signal }, hung.member());
    setImmediate(() => given.abort());
    await assert.rejects(opening, serviceError("CONNECT_ABORTED"));
    assert.ok(performance.now() - startMs < 2500);
  });

  it("says that nobody listens, and that the peer is no OPC UA server", async () => {
    const listener = createServer((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    );
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address() as { port: number };
    const endpointUrl = `opc.tcp://127.0.0.1:${port}`;
    await assert.rejects(open(anonymous, server.member({ endpointUrl })), ServiceError);
    await new Promise((resolve) => listener.close(resolve));
    await assert.rejects(
      open(anonymous, server.member({ endpointUrl })),
      serviceError("CONNECT_FAILED", StatusCodes.BadCommunicationError.name),
    );
  });

  it("opens many sessions at the same time", async () => {
    const member = server.member({ securityPolicy: "Basic256Sha256", trustServerCertificate: true });
    const directory = new EndpointDirectory(application);
    const sessions = await Promise.all(Array.from({ length: 20 }, () => open(anonymous, member, directory)));
    for (const session of sessions) assert.equal(await readServerState(session, 2000), ServerState.Running);
  });

  it("renews the security token of its channel without losing a request", async () => {
    const member = server.member({ securityPolicy: "Basic256Sha256", trustServerCertificate: true });
    const endpoint = await new EndpointDirectory(application).lookup(member, 5000);
    const channel = await UpstreamChannel.open({
      endpointUrl: server.url,
      securityPolicy: "Basic256Sha256",
      serverCertificate: endpoint.serverCertificate,
      parent: application,
      openTimeoutMs: 5000,
      tokenLifetimeMs: 1000,
    });
    try {
      for (let after = 0; after < 5; after += Math.sign(channel.tokenRenewals)) {
        const request = new GetEndpointsRequest({ endpointUrl: server.url });
        const response = await channel.call<GetEndpointsResponse>(request, 2000);
        assert.ok((response.endpoints?.length ?? 0) > 0);
      }
    } finally {
      await channel.close();
    }
  });

  it("is kept alive by a request whenever nothing was sent for a third of its timeout", async () => {
    const session = await open({ ...anonymous, sessionTimeoutMs: 1000 });
    const sent: string[] = [];
    const { send } = session;
    const seen = new Promise<void>((resolve) => {
      session.send = (request, timeoutMs, callback) => {
        sent.push(request.schema.name);
        if (sent.length === 3) resolve();
        send.call(session, request, timeoutMs, callback);
      };
    });
    const stop = keepAlive(session);
    await seen;
    stop();
    assert.deepEqual(sent, ["ReadRequest", "ReadRequest", "ReadRequest"]);
    assert.equal(session.isOpen, true);
  });
});
