import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AttributeIds,
  type DataValue,
  EnumRedundancySupport,
  type NodeIdLike,
  ReadRequest,
  ReadResponse,
  ServerState,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import {
  overlayRead,
  type PairFacts,
  patchReadResults,
  shutdownNotification,
  unservedReadResults,
} from "../../src/opc/ua/front/overlay.ts";
import { bytesOf, dataValue, encoded } from "./wire/arbitraries.ts";

const facts: PairFacts = {
  applicationUri: "urn:broker",
  membersUp: 2,
  isServed: true,
  wallMs: Date.UTC(2026, 0, 1),
};

const serverNodes = ["i=2254", "i=2267", "i=3709"] as const;

function readBody(nodeIds: readonly NodeIdLike[], attributeId = AttributeIds.Value): Buffer {
  const request = new ReadRequest({
    nodesToRead: nodeIds.map((nodeId) => ({ nodeId, attributeId })),
    timestampsToReturn: 2,
  });
  const whole = bytesOf((stream) => request.encode(stream));
  return whole.subarray(bytesOf((stream) => request.requestHeader.encode(stream)).length);
}

/** The body of a ReadResponse without diagnostics. */
function answerBody(results: readonly DataValue[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeInt32LE(results.length, 0);
  return Buffer.concat([count, ...results.map(encoded), Buffer.alloc(4, 0xff)]);
}

function valuesOf(body: Buffer): DataValue[] {
  const response = new ReadResponse();
  const head = bytesOf((stream) => response.responseHeader.encode(stream));
  response.decode(new BinaryStream(Buffer.concat([head, body])));
  return response.results ?? [];
}

describe("what the broker answers to reads of the Server object", () => {
  it("is its own account of the redundancy, and nothing else", () => {
    const { count, reads } = overlayRead(readBody(["ns=1;s=a", ...serverNodes, "i=2259", "i=2255"]), facts);
    assert.equal(count, 6);
    assert.deepEqual(
      reads.map(({ index, value }) => [index, value.value.value as unknown]),
      [
        [1, ["urn:broker"]],
        [2, 255],
        [3, EnumRedundancySupport.Transparent],
      ],
    );
    assert.deepEqual(overlayRead(readBody(serverNodes, AttributeIds.DisplayName), facts).reads, []);
    assert.deepEqual(overlayRead(readBody(["ns=2;i=2267", "ns=1;s=2267"]), facts).reads, []);
  });

  it("tells by the ServiceLevel whether there is a stand-in, and whether anything serves", () => {
    const level = (more: Partial<PairFacts>): unknown =>
      overlayRead(readBody(["i=2267"]), { ...facts, ...more }).reads[0]?.value.value.value;
    assert.deepEqual(
      [level({}), level({ membersUp: 1 }), level({ membersUp: 0, isServed: false })],
      [255, 200, 1],
    );
  });

  it("names a communication fault as state while nothing serves, and Bad for all other nodes", () => {
    const body = readBody(["i=2259", "ns=1;s=a", "i=2256", "i=2258"]);
    const [state, item, status, time] = valuesOf(
      unservedReadResults(overlayRead(body, { ...facts, isServed: false })),
    );
    assert.equal(state?.value.value, ServerState.CommunicationFault);
    assert.equal(item?.statusCode.name, "BadNoCommunication");
    assert.equal(status?.value.value.state, ServerState.CommunicationFault);
    assert.equal(time?.value.value.getTime(), facts.wallMs);
  });

  it("is the end of the broker, once that is announced, for reads and for items that watch it", () => {
    const shutdown = { atWallMs: facts.wallMs + 300, reason: "maintenance" };
    const nodes = ["i=2259", "i=2992", "i=2993", "i=2256", "i=2267"];
    const { reads } = overlayRead(readBody(nodes), { ...facts, shutdown });
    const [state, seconds, reason, status, level] = reads.map(({ value }) => value.value.value);
    assert.deepEqual([state, seconds, reason.text], [ServerState.Shutdown, 1, "maintenance"]);
    assert.deepEqual([status.state, status.secondsTillShutdown], [ServerState.Shutdown, 1]);
    assert.ok(level < 200);
    const watching = (nodeId: string, attributeId = AttributeIds.Value): Buffer | null => {
      // Of a ReadRequest with one node, the ReadValueId stands behind maxAge, timestamps and count.
      const item = readBody([nodeId], attributeId).subarray(16);
      return shutdownNotification(item, shutdown, facts.wallMs);
    };
    assert.ok(watching("i=2259"));
    assert.equal(watching("i=2259", AttributeIds.DisplayName), null);
    assert.equal(watching("ns=1;i=2259"), null);
    assert.equal(watching("i=2267"), null);
  });

  it("stands in place of the member's values, which are else untouched, byte for byte", () => {
    const node = fc.oneof(fc.constantFrom(...serverNodes), fc.constant("ns=1;s=item"));
    fc.assert(
      fc.property(fc.array(fc.tuple(node, dataValue), { maxLength: 8 }), (wanted) => {
        const { reads } = overlayRead(readBody(wanted.map(([nodeId]) => nodeId)), facts);
        const patched = patchReadResults(answerBody(wanted.map(([, value]) => value)), reads);
        const own = new Map(reads.map(({ index, value }) => [index, value]));
        const expected = wanted.map(([, value], index) => encoded(own.get(index) ?? value));
        const count = Buffer.alloc(4);
        count.writeInt32LE(wanted.length, 0);
        const values = Buffer.concat([count, ...expected]);
        assert.ok(patched.subarray(0, values.length).equals(values));
        assert.equal(valuesOf(patched).length, wanted.length);
      }),
    );
  });

  it("is refused with a RangeError where the request or the member's answer cannot be read", () => {
    const body = readBody(["ns=1;s=a", "i=2267"]);
    const { reads } = overlayRead(body, facts);
    const answer = answerBody([]);
    assert.throws(() => patchReadResults(answer.subarray(0, 4), reads), RangeError);
    fc.assert(
      fc.property(fc.nat(body.length - 1), (length) => {
        assert.throws(() => overlayRead(body.subarray(0, length), facts), RangeError);
      }),
    );
  });
});
