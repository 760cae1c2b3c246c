import "./fixtures/quiet.ts";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ItemSample } from "../../src/core/input.ts";
import type { MemberLinkEvents } from "../../src/host/member-link.ts";
import { type MonitorItemSource, UaMemberLink } from "../../src/opc/ua/member-link.ts";
import {
  type ApplicationIdentity,
  loadApplicationIdentity,
} from "../../src/opc/ua/pki/application-identity.ts";
import { EndpointDirectory } from "../../src/opc/ua/upstream/discovery.ts";
import type { UserIdentity } from "../../src/opc/ua/upstream/upstream-session.ts";
import type { MemberSettings } from "../../src/project/project.ts";
import { FixtureServer } from "./fixtures/child.ts";

type Told =
  | { readonly event: "up" }
  | { readonly event: "failed" | "lost" | "shutdown"; readonly detail: string }
  | { readonly event: "added"; readonly item: string }
  | { readonly event: "addFailed"; readonly item: string; readonly detail: string }
  | { readonly event: "sample"; readonly item: string; readonly sample: ItemSample };

/** Collects events and lets a test wait for the next one that matches, past ones included once. */
class Listener implements MemberLinkEvents {
  readonly all: Told[] = [];
  #wake: (() => void) | null = null;

  up(): void {
    this.#tell({ event: "up" });
  }
  failed(detail: string): void {
    this.#tell({ event: "failed", detail });
  }
  lost(detail: string): void {
    this.#tell({ event: "lost", detail });
  }
  shutdown(detail: string): void {
    this.#tell({ event: "shutdown", detail });
  }
  itemAdded(item: string): void {
    this.#tell({ event: "added", item });
  }
  itemAddFailed(item: string, detail: string): void {
    this.#tell({ event: "addFailed", item, detail });
  }
  itemSample(item: string, sample: ItemSample): void {
    this.#tell({ event: "sample", item, sample });
  }

  async next(match: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const index = this.all.findIndex(match);
      const found = this.all[index];
      if (found) {
        this.all.splice(index, 1);
        return found;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #tell(told: Told): void {
    this.all.push(told);
    this.#wake?.();
  }
}

const is = (event: Told["event"]) => (told: Told) => told.event === event;

describe("a link to an OPC UA member", function () {
  this.timeout(20_000);
  let folder: string;
  let application: ApplicationIdentity;
  let directory: EndpointDirectory;
  let server: FixtureServer;
  let ending: (() => void | Promise<void>)[] = [];

  const items: Record<string, MonitorItemSource> = {
    double: { nodeId: "ns=1;s=Double", updateRateMs: 50 },
    boolean: { nodeId: "ns=1;s=Boolean", updateRateMs: 50 },
    long: { nodeId: "ns=1;s=Long", updateRateMs: 100 },
    array: { nodeId: "ns=1;s=Array", updateRateMs: 50 },
    missing: { nodeId: "ns=1;s=NotThere", updateRateMs: 50 },
    nonsense: { nodeId: "Channel.Device.Tag", updateRateMs: 50 },
  };

  function link(
    member: MemberSettings,
    identity: UserIdentity = { kind: "anonymous" },
  ): { readonly link: UaMemberLink; readonly told: Listener } {
    const told = new Listener();
    const options = {
      member,
      identity,
      application,
      directory,
      sessionName: "test",
      connectTimeoutMs: 3000,
      itemOf: (name: string) => items[name],
    };
    const made = new UaMemberLink(options, told);
    ending.push(() => made.close());
    return { link: made, told };
  }

  async function opened(member = server.member()): Promise<{ link: UaMemberLink; told: Listener }> {
    const made = link(member);
    made.link.open();
    assert.deepEqual(made.told.all, [], "nothing may be told from within open");
    await made.told.next(is("up"));
    return made;
  }

  async function another(): Promise<FixtureServer> {
    const started = await FixtureServer.start({ pki: join(folder, "server") });
    ending.push(() => started.end());
    return started;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "understudy-test-"));
    await mkdir(join(folder, "server"));
    application = await loadApplicationIdentity({ directory: join(folder, "pki") });
    directory = new EndpointDirectory(application);
    server = await FixtureServer.start({ pki: join(folder, "server"), users: { broker: "secret" } });
  });

  afterEach(async () => {
    for (const end of ending.reverse()) await end();
    ending = [];
  });

  after(async () => {
    await server.end();
    await application.trustList.close();
    await rm(folder, { recursive: true });
  });

  it("tells the namespaces and answers status queries with the round trip", async () => {
    const { link: up } = await opened();
    assert.equal(up.server?.namespaceArray[0], "http://opcfoundation.org/UA/");
    assert.equal(up.server?.namespaceArray[1], up.server?.applicationUri);
    const roundTripMs = await up.probe();
    assert.ok(roundTripMs > 0 && roundTripMs < 3000);
  });

  it("says why it failed: nobody there, or the user refused", async () => {
    const nobody = link(server.member({ endpointUrl: "opc.tcp://127.0.0.1:1" }));
    nobody.link.open();
    const failed = await nobody.told.next(is("failed"));
    assert.match(failed.event === "failed" ? failed.detail : "", /opc\.tcp:\/\/127\.0\.0\.1:1/);
    const member = server.member({ trustServerCertificate: true });
    const refused = link(member, { kind: "userName", userName: "broker", password: Buffer.from("no") });
    refused.link.open();
    const told = await refused.told.next(is("failed"));
    assert.match(told.event === "failed" ? told.detail : "", /BadUserAccessDenied|BadIdentityTokenRejected/);
  });

  it("delivers first values, changes and bad quality of monitor items, and says which cannot be added", async () => {
    const { link: up, told } = await opened();
    up.addMonitorItems(["double", "long", "array", "missing", "nonsense", "unknown"]);
    const refused = new Map<string, string>();
    for (let i = 0; i < 3; i++) {
      const failure = await told.next(is("addFailed"));
      if (failure.event === "addFailed") refused.set(failure.item, failure.detail);
    }
    assert.match(refused.get("missing") ?? "", /BadNodeIdUnknown/);
    assert.match(refused.get("nonsense") ?? "", /"Channel\.Device\.Tag" is not a NodeId/);
    assert.match(refused.get("unknown") ?? "", /no such monitor item/);
    const sampleOf = async (item: string): Promise<ItemSample | null> => {
      const found = await told.next((one) => one.event === "sample" && one.item === item);
      return found.event === "sample" ? found.sample : null;
    };
    assert.deepEqual(await sampleOf("double"), { quality: "good", value: "1.5", isArray: false });
    assert.deepEqual(await sampleOf("long"), { quality: "good", value: "42", isArray: false });
    assert.deepEqual(await sampleOf("array"), { quality: "good", value: null, isArray: true });
    await server.command({ do: "set", name: "Double", value: 2.5 });
    assert.deepEqual(await sampleOf("double"), { quality: "good", value: "2.5", isArray: false });
    await server.command({ do: "bad", name: "Double" });
    assert.equal((await sampleOf("double"))?.quality, "bad");
    for (const item of ["double", "long", "array"]) {
      await told.next((one) => one.event === "added" && one.item === item);
    }
  });

  it("delivers no more of an item that was removed, and can add it again", async () => {
    const { link: up, told } = await opened();
    up.addMonitorItems(["double", "boolean"]);
    await told.next((one) => one.event === "sample" && one.item === "double");
    await told.next((one) => one.event === "sample" && one.item === "boolean");
    await told.next((one) => one.event === "added" && one.item === "double");
    up.removeMonitorItems(["double"]);
    await server.command({ do: "set", name: "Double", value: 7 });
    await server.command({ do: "set", name: "Boolean", value: false });
    await told.next(
      (one) => one.event === "sample" && one.item === "boolean" && one.sample.value === "false",
    );
    assert.equal(
      told.all.some((one) => one.event === "sample" && one.item === "double"),
      false,
    );
    up.addMonitorItems(["double"]);
    await told.next((one) => one.event === "sample" && one.item === "double" && one.sample.value === "7");
    await server.command({ do: "set", name: "Boolean", value: true });
  });

  it("tells a shutdown before the connection ends", async () => {
    const stopping = await another();
    const { told } = await opened(stopping.member());
    await stopping.command({ do: "shutdown", afterMs: 1500 });
    await told.next(is("shutdown"));
    assert.equal(told.all.some(is("lost")), false);
    await told.next(is("lost"));
    assert.equal(told.all.filter(is("shutdown")).length, 0);
  });

  it("is lost once when the server is killed", async () => {
    const killed = await another();
    const { link: up, told } = await opened(killed.member());
    killed.signal("SIGKILL");
    await told.next(is("lost"));
    await assert.rejects(up.probe(), /not up/);
    assert.deepEqual(told.all, []);
  });

  it("leaves the status query of a hung server open and is closed at once without a word", async () => {
    const hung = await another();
    const { link: up, told } = await opened(hung.member());
    hung.signal("SIGSTOP");
    const probe = assert.rejects(up.probe());
    const startMs = performance.now();
    up.close();
    await probe;
    assert.ok(performance.now() - startMs < 50);
    assert.deepEqual(told.all, []);
  });

  it("is closed while opening without a word", async () => {
    const hung = await another();
    hung.signal("SIGSTOP");
    const { link: opening, told } = link(hung.member());
    opening.open();
    opening.close();
    await new Promise(setImmediate);
    assert.deepEqual(told.all, []);
  });
});
