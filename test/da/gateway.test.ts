import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { parseGatewayEndpoint } from "../../src/opc/da/gateway/gateway.ts";
import { hresult } from "../../src/opc/da/mapping/hresult.ts";
import { type Frame, FrameSplitter, responseBit } from "../../src/opc/da/wire/frame.ts";
import { decodeResponse, encodeRequest } from "../../src/opc/da/wire/message-codec.ts";
import { helloMagic } from "../../src/opc/da/wire/requests.ts";
import { eventually, PlayedPair, token } from "./support/played-pair.ts";
import type { PlayedProxy } from "./support/played-proxy.ts";

const hello = {
  magic: helloMagic,
  major: 1,
  minor: 0,
  leg: 2,
  processId: 1,
  program: "client.exe",
  token,
  target: "Plant",
};

/** A connection on which a test writes what it likes. */
class RawConnection {
  readonly frames: Frame[] = [];
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  isClosed = false;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.on("data", (chunk: Buffer) => this.frames.push(...this.#splitter.push(chunk)));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.isClosed = true;
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  async result(correlation: number): Promise<number> {
    await eventually(() => this.frames.some((frame) => frame.correlation === correlation));
    return (
      this.frames.find((frame) => frame.correlation === correlation)?.payload.readInt32LE(0) ?? Number.NaN
    );
  }

  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }
}

describe("The gateway for OPC DA proxies", () => {
  let played: PlayedPair;
  let raw: RawConnection;

  beforeEach(async () => {
    played = await PlayedPair.start("warm");
    raw = new RawConnection(played.port);
  });

  afterEach(async () => {
    raw.close();
    await played.stop();
  });

  it("refuses a wrong token, an unknown pair and another version with the HRESULTs of the protocol", async () => {
    for (const [wrong, result] of [
      [{ token: "wrong" }, hresult.E_ACCESSDENIED],
      [{ token: null }, hresult.E_ACCESSDENIED],
      [{ target: "Nobody" }, hresult.REGDB_E_CLASSNOTREG],
      [{ major: 2 }, hresult.E_NOTIMPL],
      [{ magic: 1 }, hresult.E_INVALIDARG],
    ] as const) {
      const connection = new RawConnection(played.port);
      connection.write(encodeRequest("hello", 1, 1000, { ...hello, ...wrong }));
      assert.equal(await connection.result(1), result);
      await eventually(() => connection.isClosed);
    }
  });

  it("ends a connection that does not begin with Hello, or is not of the protocol", async () => {
    raw.write(encodeRequest("ping", 1, 1000, {}));
    await eventually(() => raw.isClosed);
    const other = new RawConnection(played.port);
    other.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    await eventually(() => other.isClosed);
  });

  it("answers what it does not know or cannot read, and goes on", async () => {
    raw.write(encodeRequest("hello", 1, 1000, hello));
    assert.equal(await raw.result(1), hresult.S_OK);
    const unknown = encodeRequest("ping", 2, 1000, {});
    unknown.writeUInt16LE(0x2fff, 4);
    raw.write(unknown);
    assert.equal(await raw.result(2), hresult.E_NOTIMPL);
    const tooLong = Buffer.concat([encodeRequest("ping", 3, 1000, {}), Buffer.from([1])]);
    tooLong.writeUInt32LE(tooLong.length - 4, 0);
    raw.write(tooLong);
    assert.equal(await raw.result(3), hresult.E_INVALIDARG);
    raw.write(encodeRequest("getStatus", 4, 1000, { server: 1 }));
    assert.equal(await raw.result(4), hresult.OPC_E_INVALIDHANDLE);
    raw.write(encodeRequest("ping", 5, 1000, {}));
    assert.equal(await raw.result(5), hresult.S_OK);
  });

  it("tells its clients that their server ends before it ends their connections", async () => {
    const [one, other] = await Promise.all([played.client(), played.client()]);
    await played.service.stop("SIGTERM");
    await eventually(() => !one.isOpen && !other.isOpen);
    assert.deepEqual([one.shutdowns, other.shutdowns], [["SIGTERM"], ["SIGTERM"]]);
  });

  it("ends in time also while a client takes nothing any more", async () => {
    raw.write(encodeRequest("hello", 1, 1000, hello));
    assert.equal(await raw.result(1), hresult.S_OK);
    raw.write(
      encodeRequest("openServer", 2, 5000, {
        server: 1,
        id: "",
        machine: "",
        classContext: 0,
        authentication: 0,
      }),
    );
    assert.equal(await raw.result(2), hresult.S_OK);
    raw.pause();
    await played.service.stop("SIGTERM");
  });

  it("gives wrong handles the HRESULT that OPC DA names", async () => {
    const client = await played.client();
    await client.addGroup(1);
    const wrongGroup = await client.call("removeItems", { server: 1, group: 9, items: Uint32Array.of(1) });
    assert.equal(wrongGroup.result, hresult.OPC_E_INVALIDHANDLE);
    const wrongServer = await client.call("getStatus", { server: 2 });
    assert.equal(wrongServer.result, hresult.OPC_E_INVALIDHANDLE);
    const twice = await client.call("addGroup", {
      server: 1,
      group: 1,
      name: "",
      active: true,
      updateRateMs: 100,
      timeBiasMinutes: 0,
      deadbandPercent: 0,
      locale: 0,
      keepAliveMs: 0,
    });
    assert.equal(twice.result, hresult.E_INVALIDARG);
  });

  it("answers a call at its deadline while the server still thinks about it", async () => {
    const client = await played.client();
    played.primary.hangs.add("queryLocales");
    raw.write(encodeRequest("hello", 1, 1000, hello));
    raw.write(
      encodeRequest("openServer", 2, 1000, {
        server: 1,
        id: "",
        machine: "",
        classContext: 0,
        authentication: 0,
      }),
    );
    assert.equal(await raw.result(2), hresult.S_OK);
    raw.write(encodeRequest("queryLocales", 3, 50, { server: 1 }));
    assert.equal(await raw.result(3), hresult.RPC_E_TIMEOUT);
    assert.equal(raw.frames.filter(({ correlation }) => correlation === 3).length, 1);
    assert.ok((await client.call("getStatus", { server: 1 })).ok);
  });

  it("cancels an asynchronous call, and says of others that there is none to cancel", async () => {
    raw.write(encodeRequest("hello", 1, 1000, hello));
    raw.write(
      encodeRequest("openServer", 2, 1000, {
        server: 1,
        id: "",
        machine: "",
        classContext: 0,
        authentication: 0,
      }),
    );
    assert.equal(await raw.result(2), hresult.S_OK);
    played.primary.hangs.add("read");
    const read = { server: 1, group: 1, source: 2, maxAgeMs: 0, items: Uint32Array.of() };
    raw.write(encodeRequest("read", 3, 5000, { ...read, via: 1 }));
    raw.write(encodeRequest("cancel", 4, 1000, { request: 3 }));
    assert.equal(await raw.result(3), hresult.E_ABORT);
    assert.equal(await raw.result(4), hresult.S_OK);
    raw.write(encodeRequest("cancel", 5, 1000, { request: 3 }));
    assert.equal(await raw.result(5), hresult.S_FALSE);
  });

  it("lets go of all that a client had when it dies in the middle of a call", async () => {
    const client = await played.client();
    await client.addGroup(1);
    played.primary.hangs.add("queryLocales");
    client.call("queryLocales", { server: 1 }).catch(() => undefined);
    await eventually(() => played.primary.log.includes("queryLocales"));
    client.close();
    await eventually(() => played.pair.audience.sessions.size === 0);
    await eventually(() => played.primary.connections.size === 1);
  });

  it("ends its clients' connections when the pair is taken away", async () => {
    const client = await played.client();
    await played.service.remove("Plant", "disabled");
    await eventually(() => !client.isOpen);
    assert.equal(played.service.endpoint, null);
  });

  it("serves many clients in one helper process for each member", async () => {
    const clients: PlayedProxy[] = [];
    for (let count = 0; count < 20; count++) clients.push(await played.client());
    await Promise.all(clients.map((client) => client.addGroup(1)));
    await eventually(() => played.primary.log.filter((name) => name === "addGroup").length === 20);
    assert.equal(played.primary.connections.size, 2);
    await clients[0]?.addItems(1, { 1: "a" });
    played.set({ a: 5 }, 100);
    await clients[0]?.until((received) => received.some(({ value }) => value === 5));
    assert.equal(clients[1]?.received.length, 0);
  });

  it("answers a response to Hello that a proxy can read", async () => {
    raw.write(encodeRequest("hello", 7, 1000, hello));
    await raw.result(7);
    const [frame] = raw.frames;
    assert.ok(frame);
    assert.equal(frame.type & responseBit, responseBit);
    const outcome = decodeResponse("hello", frame);
    assert.ok(outcome.ok && outcome.body.processId === process.pid);
  });
});

describe("The endpoint for OPC DA proxies", () => {
  it("is a pipe or a loopback address", () => {
    assert.deepEqual(parseGatewayEndpoint("pipe:understudy-da"), { kind: "pipe", name: "understudy-da" });
    assert.deepEqual(parseGatewayEndpoint("tcp:127.0.0.1:48401"), {
      kind: "tcp",
      host: "127.0.0.1",
      port: 48401,
    });
    assert.deepEqual(parseGatewayEndpoint("tcp:[::1]:1"), { kind: "tcp", host: "::1", port: 1 });
  });

  it("is refused with a word where it is anything else", () => {
    for (const wrong of [
      "",
      "tcp:0.0.0.0:1",
      "tcp:10.0.0.1:1",
      "tcp:127.0.0.1:70000",
      "pipe:a\\b",
      "http://x",
    ]) {
      assert.throws(() => parseGatewayEndpoint(wrong), { code: "DA_ENDPOINT_INVALID" });
    }
  });
});
