import "./fixtures/quiet.ts";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ApplicationIdentity,
  loadApplicationIdentity,
} from "../../src/opc/ua/pki/application-identity.ts";
import { askServerState } from "../../src/opc/ua/upstream/ask-server-state.ts";
import { FixtureServer } from "./fixtures/child.ts";

describe("asking an OPC UA server whether it runs", function () {
  this.timeout(60_000);
  let folder: string;
  let application: ApplicationIdentity;
  let server: FixtureServer | null = null;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "understudy-state-"));
    application = await loadApplicationIdentity({ directory: join(folder, "pki") });
  });
  afterEach(async () => {
    await server?.end();
    server = null;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const ask = (url: string, signal = AbortSignal.timeout(50_000)): Promise<string> =>
    askServerState(url, application, signal);

  it("tells the state that the server tells", async () => {
    server = await FixtureServer.start();
    assert.equal(await ask(server.url), "Running");
  });

  it("takes a server for running that answers but admits no anonymous session", async () => {
    server = await FixtureServer.start({ allowAnonymous: false, users: { operator: "secret" } });
    assert.equal(await ask(server.url), "Running");
  });

  it("fails where nobody listens, and ends at once when it is broken off at a server that hangs", async () => {
    server = await FixtureServer.start();
    const { url } = server;
    server.signal("SIGSTOP");
    const abort = new AbortController();
    const asked = ask(url, abort.signal);
    abort.abort();
    await assert.rejects(asked);
    server.signal("SIGCONT");
    await server.end();
    await assert.rejects(ask(url));
  });
});
