import {
  encodeEvent,
  encodeFailure,
  encodeRequest,
  encodeResponse,
} from "../../src/opc/da/wire/message-codec.ts";
import { helloMagic } from "../../src/opc/da/wire/requests.ts";
import { Values } from "../../src/opc/da/wire/values.ts";
import { varType } from "../../src/opc/da/wire/var-type.ts";
import { scalar, type Variant, vector } from "../../src/opc/da/wire/variant.ts";

/** 2026-01-01 00:00:00 UTC. */
const newYear = 134_116_992_000_000_000n;

/** One value of every VARTYPE that travels, and arrays of one, two and variant dimensions. */
export const everyVariant: readonly Variant[] = [
  scalar(varType.empty, null),
  scalar(varType.null, null),
  scalar(varType.i2, -2),
  scalar(varType.i4, -70_000),
  scalar(varType.r4, 1.5),
  scalar(varType.r8, -0.1),
  scalar(varType.cy, 12_345_678n),
  scalar(varType.date, 46_023.25),
  scalar(varType.bstr, "Prüfung \u{1f600}"),
  scalar(varType.bstr, null),
  scalar(varType.error, -2_147_352_571),
  scalar(varType.bool, true),
  scalar(varType.decimal, { scale: 3, isNegative: true, unscaled: (7n << 64n) + 1234n }),
  scalar(varType.i1, -1),
  scalar(varType.ui1, 255),
  scalar(varType.ui2, 65_535),
  scalar(varType.ui4, 4_000_000_000),
  scalar(varType.i8, -9_000_000_000_000_000_000n),
  scalar(varType.ui8, 18_000_000_000_000_000_000n),
  scalar(varType.int, -5),
  scalar(varType.uint, 5),
  vector(varType.r8, [0, 1.25, 2.5]),
  vector(varType.bstr, ["a", null, ""]),
  {
    type: 0x2000 | varType.i4,
    dimensions: [
      { count: 2, lowerBound: 1 },
      { count: 3, lowerBound: -1 },
    ],
    elements: [1, 2, 3, 4, 5, 6],
  },
  vector(varType.variant, [scalar(varType.bool, false), vector(varType.ui1, [1, 2, 3])]),
  vector(varType.i2, []),
];

const server = 1;
const group = 2;
const ramp = (count: number) => Array.from({ length: count }, (_, index) => scalar(varType.r8, index + 0.5));

/** Frames that both codecs build from the same data: `vectors/<name>.hex`. */
export const vectors: Readonly<Record<string, Buffer>> = {
  "hello-request": encodeRequest("hello", 1, 5000, {
    magic: helloMagic,
    major: 1,
    minor: 0,
    leg: 2,
    processId: 4711,
    program: "client.exe",
    token: null,
    target: "Understudy.Simulator.1",
  }),
  "hello-response": encodeResponse("hello", 1, 0, {
    major: 1,
    minor: 0,
    processId: 12,
    program: "understudy",
  }),
  "ping-request": encodeRequest("ping", 0xffff_fffe, 1, {}),
  "unknown-failure": encodeFailure(0x3fff, 9, -2_147_467_263, "not known here"),
  "list-servers-response": encodeResponse("listServers", 3, 0, {
    source: 2,
    servers: [
      {
        clsid: "{63D5F432-CFE4-11D1-B2C8-0060083BA1FB}",
        progId: "A.Server.1",
        description: "A server",
        versionIndependentProgId: "A.Server",
      },
      {
        clsid: "{00000000-0000-0000-C000-000000000046}",
        progId: "B.Server",
        description: "",
        versionIndependentProgId: null,
      },
    ],
  }),
  "status-response": encodeResponse("getStatus", 4, 0, {
    startTime: newYear,
    currentTime: newYear + 10_000_000n,
    lastUpdateTime: newYear + 9_999_999n,
    state: 1,
    groupCount: 3,
    bandwidth: 0xffff_ffff,
    majorVersion: 1,
    minorVersion: 2,
    buildNumber: 345,
    vendorInfo: "vendor",
  }),
  "add-group-request": encodeRequest("addGroup", 5, 3_600_000, {
    server,
    group,
    name: "Group",
    active: true,
    updateRateMs: 100,
    timeBiasMinutes: -60,
    deadbandPercent: 2.5,
    locale: 0x409,
    keepAliveMs: 5000,
  }),
  "add-items-request": encodeRequest("addItems", 6, 1000, {
    server,
    group,
    items: [
      { item: 1, active: true, requestedType: 0, accessPath: "", itemId: "Ramp0" },
      { item: 2, active: false, requestedType: 8, accessPath: "COM1", itemId: "Größe" },
    ],
  }),
  "read-response-uniform": encodeResponse("read", 7, 0, {
    errors: Int32Array.of(0, 0, 0),
    qualities: Uint16Array.of(192, 192, 192),
    timestamps: BigUint64Array.of(newYear, newYear + 1n, newYear + 2n),
    values: Values.of(ramp(3)),
  }),
  "read-response-mixed": encodeResponse("read", 8, 1, {
    errors: Int32Array.of(0, -1_073_479_673),
    qualities: Uint16Array.of(64, 0),
    timestamps: BigUint64Array.of(newYear, 0n),
    values: Values.of([scalar(varType.i4, 42), scalar(varType.empty, null)]),
  }),
  "write-request": encodeRequest("write", 10, 2000, {
    server,
    group,
    via: 1,
    items: Uint32Array.of(5, 6),
    values: Values.of([scalar(varType.bool, true), scalar(varType.bstr, "x")]),
    given: Uint8Array.of(1, 3),
    qualities: Uint16Array.of(192, 24),
    timestamps: BigUint64Array.of(0n, newYear),
  }),
  "browse-response": encodeResponse("browse", 11, 0, {
    continuation: null,
    more: false,
    elements: [
      { name: "Ramps", itemId: "", flags: 1, properties: { error: 0, properties: [] } },
      {
        name: "Ramp0",
        itemId: "Ramp0",
        flags: 2,
        properties: {
          error: 1,
          properties: [
            { type: 5, id: 2, itemId: null, description: "Item Value", value: scalar(5, 1.5), error: 0 },
            {
              type: 0,
              id: 999,
              itemId: null,
              description: null,
              value: scalar(0, null),
              error: -1_073_479_165,
            },
          ],
        },
      },
    ],
  }),
  "data-change": encodeEvent("dataChange", {
    server,
    group,
    transaction: 0,
    masterQuality: 0,
    masterError: 1,
    items: Uint32Array.from(everyVariant, (_, index) => index + 1),
    errors: new Int32Array(everyVariant.length),
    qualities: new Uint16Array(everyVariant.length).fill(192),
    timestamps: new BigUint64Array(everyVariant.length).fill(newYear),
    values: Values.of(everyVariant),
  }),
  "keep-alive": encodeEvent("dataChange", {
    server,
    group,
    transaction: 0,
    masterQuality: 0,
    masterError: 0,
    items: new Uint32Array(),
    errors: new Int32Array(),
    qualities: new Uint16Array(),
    timestamps: new BigUint64Array(),
    values: Values.none,
  }),
  shutdown: encodeEvent("shutdown", { server, reason: null }),
  overflow: encodeEvent("overflow", { server, group, values: 1000n }),
};
