import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import {
  encodeFrame,
  type Frame,
  FrameSplitter,
  kindOfFrame,
  responseBit,
} from "../../src/opc/da/wire/frame.ts";
import {
  decodeEvent,
  decodeRequest,
  decodeResponse,
  encodeEvent,
  encodeFailure,
  encodeRequest,
  encodeResponse,
  requestName,
} from "../../src/opc/da/wire/message-codec.ts";
import { Values } from "../../src/opc/da/wire/values.ts";
import { varType } from "../../src/opc/da/wire/var-type.ts";
import { scalar, vector } from "../../src/opc/da/wire/variant.ts";
import { everyVariant, vectors } from "./wire-vectors.ts";

const folder = new URL("../../../test/native/vectors/", import.meta.url);

function fileBytes(name: string): Buffer {
  const lines = readFileSync(new URL(`${name}.hex`, folder), "utf8").split("\n");
  return Buffer.from(
    lines
      .filter((line) => !line.startsWith("#"))
      .join("")
      .replace(/\s/g, ""),
    "hex",
  );
}

function frameOf(bytes: Buffer): Frame {
  const [frame, ...more] = new FrameSplitter().push(bytes);
  assert.ok(frame);
  assert.equal(more.length, 0);
  return frame;
}

/** Decodes a frame of any kind and encodes it anew. */
function again(frame: Frame): Buffer {
  switch (kindOfFrame(frame.type)) {
    case "request": {
      const { name, deadlineMs, body } = decodeRequest(frame);
      return encodeRequest(name, frame.correlation, deadlineMs, body);
    }
    case "event": {
      const event = decodeEvent(frame);
      assert.ok(event);
      return encodeEvent(event.name, event.body);
    }
    case "response": {
      const name = requestName(frame.type & ~responseBit);
      assert.ok(name);
      const outcome = decodeResponse(name, frame);
      return outcome.ok
        ? encodeResponse(name, frame.correlation, outcome.result, outcome.body)
        : encodeFailure(frame.type & ~responseBit, frame.correlation, outcome.result, outcome.detail);
    }
  }
}

describe("The OPC DA wire", () => {
  it("has a file for each vector and no other", () => {
    const files = readdirSync(folder).map((file) => file.replace(/\.hex$/, ""));
    assert.deepEqual(files.sort(), Object.keys(vectors).sort());
  });

  for (const [name, bytes] of Object.entries(vectors)) {
    it(`encodes and decodes ${name} as the other codec does`, () => {
      const expected = fileBytes(name);
      assert.equal(bytes.toString("hex"), expected.toString("hex"));
      if (name === "unknown-failure") return;
      assert.equal(again(frameOf(expected)).toString("hex"), expected.toString("hex"));
    });

    it(`refuses ${name} cut short or with bytes too many, wherever it is cut`, () => {
      if (name === "unknown-failure") return;
      const frame = frameOf(bytes);
      for (let size = 0; size < frame.payload.length; size++) {
        const cut = { ...frame, payload: frame.payload.subarray(0, size) };
        assert.throws(() => again(cut), { code: "WIRE_MALFORMED" });
      }
      const longer = { ...frame, payload: Buffer.concat([frame.payload, Buffer.alloc(1)]) };
      assert.throws(() => again(longer), { code: "WIRE_MALFORMED" });
    });
  }

  it("gives the values of every VARTYPE back as they were", () => {
    const values = Values.of(everyVariant);
    assert.deepEqual(values.toArray(), everyVariant);
  });

  it("gives numbers of one type back as a block", () => {
    const values = Values.of([1, 2, 3].map((value) => scalar(varType.r8, value)));
    assert.deepEqual(values.doubles(), Float64Array.of(1, 2, 3));
    assert.equal(Values.of(everyVariant).doubles(), null);
  });

  it("finds the frames of a stream however it is chunked", () => {
    const frames = Object.values(vectors);
    const stream = Buffer.concat(frames);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: stream.length }), { maxLength: 40 }), (cuts) => {
        const splitter = new FrameSplitter();
        const found: Buffer[] = [];
        const ends = [...new Set([...cuts, stream.length])].sort((a, b) => a - b);
        let from = 0;
        for (const end of ends) {
          found.push(...splitter.push(stream.subarray(from, end)).map(encodeFrame));
          from = end;
        }
        assert.equal(Buffer.concat(found).compare(stream), 0);
        assert.equal(found.length, frames.length);
        assert.equal(splitter.heldBytes, 0);
      }),
      { numRuns: 200 },
    );
  });

  it("ends a stream that cannot be of this protocol", () => {
    const claim = (length: number, flags = 0) => {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt32LE(length, 0);
      bytes.writeUInt16LE(flags, 6);
      return bytes;
    };
    for (const bytes of [claim(7), claim(64 * 1024 * 1024 + 1), claim(0xffff_ffff), claim(8, 1)]) {
      assert.throws(() => new FrameSplitter().push(bytes), { code: "WIRE_MALFORMED" });
    }
  });

  it("takes an answer altered into a failure as that failure", () => {
    const frame = frameOf(vectors["hello-response"] ?? Buffer.alloc(0));
    const payload = Buffer.concat([Buffer.from([0, 0, 0, 0x80]), Buffer.from([1, 0, 0, 0, 65, 0])]);
    const failure = decodeResponse("hello", { ...frame, payload });
    assert.deepEqual(failure, { ok: false, result: -0x8000_0000, detail: "A" });
    assert.equal(frameOf(again({ ...frame, payload })).payload.compare(payload), 0);
  });

  it("takes altered frames as malformed or as other data, never as anything else", () => {
    const names = Object.keys(vectors).filter((name) => name !== "unknown-failure");
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (name, changes) => {
          const frame = frameOf(vectors[name] ?? Buffer.alloc(0));
          const payload = Buffer.from(frame.payload);
          for (const [at, byte] of changes) if (payload.length > 0) payload[at % payload.length] = byte;
          try {
            again({ ...frame, payload });
          } catch (error) {
            assert.equal((error as { code?: unknown }).code, "WIRE_MALFORMED");
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("refuses to send what a VARIANT of its type cannot hold", () => {
    assert.throws(() => Values.of([scalar(varType.i1, 1000)]), { code: "WIRE_MALFORMED" });
    assert.throws(() => Values.of([scalar(9, null)]), { code: "WIRE_MALFORMED" });
    assert.throws(() => Values.of([vector(varType.variant, [vector(9, [])])]), { code: "WIRE_MALFORMED" });
  });

  it("does not nest without end", () => {
    let nested = vector(varType.variant, []);
    for (let depth = 0; depth < 20; depth++) nested = vector(varType.variant, [nested]);
    const bytes = encodeEvent("dataChange", {
      server: 1,
      group: 1,
      transaction: 0,
      masterQuality: 0,
      masterError: 0,
      items: Uint32Array.of(1),
      errors: Int32Array.of(0),
      qualities: Uint16Array.of(192),
      timestamps: BigUint64Array.of(0n),
      values: Values.of([nested]),
    });
    assert.throws(() => decodeEvent(frameOf(bytes)), { code: "WIRE_MALFORMED" });
  });
});
