import * as f from "./schema.ts";
import { type Field, type StructValue, struct } from "./schema.ts";

/** The columns of bulk data (native/wire/PROTOCOL.md): one row an item. */
export const states = {
  errors: f.i32s,
  qualities: f.u16s,
  timestamps: f.filetimes,
  values: f.values,
} as const;

const property = struct({
  type: f.u16,
  id: f.u32,
  itemId: f.textOrNull,
  description: f.textOrNull,
  value: f.variant,
  error: f.i32,
});
const propertyList = struct({ error: f.i32, properties: f.list(property) });

const server = { server: f.u32 } as const;
const group = { server: f.u32, group: f.u32 } as const;
const errors = struct({ errors: f.i32s });
const nothing = struct({});
const revised = struct({ updateRateMs: f.u32, keepAliveMs: f.u32 });
const groupState = {
  active: f.bool,
  updateRateMs: f.u32,
  timeBiasMinutes: f.i32,
  deadbandPercent: f.f32,
  locale: f.u32,
  keepAliveMs: f.u32,
} as const;
const itemDefinition = struct({
  item: f.u32,
  active: f.bool,
  requestedType: f.u16,
  accessPath: f.text,
  itemId: f.text,
});
const addItems = struct({ ...group, items: f.list(itemDefinition) });
const addedItems = struct({ errors: f.i32s, canonicalTypes: f.u16s, accessRights: f.u32s });
/** Quality and timestamp to write beside the values; `given` has a bit for each, all three empty = none. */
const given = { given: f.u8s, qualities: f.u16s, timestamps: f.filetimes } as const;

function request<Q, A>(type: number, question: Field<Q>, answer: Field<A>): RequestKind<Q, A> {
  return Object.freeze({ type, request: question, response: answer });
}

export interface RequestKind<Q, A> {
  readonly type: number;
  readonly request: Field<Q>;
  readonly response: Field<A>;
}

export const helloMagic = 0x5944_5355;
export const protocolMajor = 1;
export const protocolMinor = 0;

/** Every request of the protocol with its body and its answer's. */
export const requests = Object.freeze({
  hello: request(
    0x0001,
    struct({
      magic: f.u32,
      major: f.u16,
      minor: f.u16,
      leg: f.u8,
      processId: f.u32,
      program: f.text,
      token: f.textOrNull,
      target: f.textOrNull,
    }),
    struct({ major: f.u16, minor: f.u16, processId: f.u32, program: f.text }),
  ),
  ping: request(0x0002, nothing, nothing),
  cancel: request(0x0003, struct({ request: f.u32 }), nothing),
  listServers: request(
    0x0010,
    struct({ machine: f.text, versions: f.u8 }),
    struct({
      source: f.u8,
      servers: f.list(
        struct({
          clsid: f.guid,
          progId: f.text,
          description: f.text,
          versionIndependentProgId: f.textOrNull,
        }),
      ),
    }),
  ),
  openServer: request(
    0x0011,
    struct({ ...server, id: f.text, machine: f.text, classContext: f.u32, authentication: f.u32 }),
    struct({ clsid: f.guid, interfaces: f.u32 }),
  ),
  closeServer: request(0x0012, struct(server), nothing),
  getStatus: request(
    0x0013,
    struct(server),
    struct({
      startTime: f.filetime,
      currentTime: f.filetime,
      lastUpdateTime: f.filetime,
      state: f.u32,
      groupCount: f.u32,
      bandwidth: f.u32,
      majorVersion: f.u16,
      minorVersion: f.u16,
      buildNumber: f.u16,
      vendorInfo: f.textOrNull,
    }),
  ),
  getErrorString: request(
    0x0014,
    struct({ ...server, error: f.i32, locale: f.u32 }),
    struct({ text: f.textOrNull }),
  ),
  setLocale: request(0x0015, struct({ ...server, locale: f.u32 }), nothing),
  queryLocales: request(0x0016, struct(server), struct({ current: f.u32, available: f.u32s })),
  setClientName: request(0x0017, struct({ ...server, name: f.text }), nothing),
  addGroup: request(0x0020, struct({ ...group, name: f.text, ...groupState }), revised),
  removeGroup: request(0x0021, struct(group), nothing),
  setGroupState: request(0x0022, struct({ ...group, change: f.u8, ...groupState }), revised),
  addItems: request(0x0030, addItems, addedItems),
  validateItems: request(0x0031, addItems, addedItems),
  removeItems: request(0x0032, struct({ ...group, items: f.u32s }), errors),
  setItemsActive: request(0x0033, struct({ ...group, active: f.bool, items: f.u32s }), errors),
  setDatatypes: request(0x0034, struct({ ...group, items: f.u32s, types: f.u16s }), errors),
  read: request(
    0x0040,
    struct({ ...group, source: f.u8, via: f.u8, maxAgeMs: f.u32, items: f.u32s }),
    struct(states),
  ),
  write: request(0x0041, struct({ ...group, via: f.u8, items: f.u32s, values: f.values, ...given }), errors),
  refresh: request(0x0042, struct({ ...group, source: f.u8, transaction: f.u32 }), nothing),
  readItemIds: request(
    0x0044,
    struct({ ...server, itemIds: f.list(f.text), maxAgesMs: f.u32s }),
    struct(states),
  ),
  writeItemIds: request(
    0x0045,
    struct({ ...server, itemIds: f.list(f.text), values: f.values, ...given }),
    errors,
  ),
  browse: request(
    0x0050,
    struct({
      ...server,
      itemId: f.text,
      continuation: f.textOrNull,
      maxElements: f.u32,
      filter: f.u32,
      nameFilter: f.text,
      vendorFilter: f.text,
      allProperties: f.bool,
      propertyValues: f.bool,
      properties: f.u32s,
    }),
    struct({
      continuation: f.textOrNull,
      more: f.bool,
      elements: f.list(
        struct({ name: f.textOrNull, itemId: f.textOrNull, flags: f.u32, properties: propertyList }),
      ),
    }),
  ),
  browseAddressSpace: request(
    0x0051,
    struct({
      ...server,
      path: f.list(f.text),
      browseType: f.u32,
      filter: f.text,
      dataType: f.u16,
      accessRights: f.u32,
    }),
    struct({ names: f.list(f.text) }),
  ),
  queryOrganization: request(0x0052, struct(server), struct({ organization: f.u32 })),
  getItemIds: request(
    0x0053,
    struct({ ...server, path: f.list(f.text), names: f.list(f.text) }),
    struct({ errors: f.i32s, itemIds: f.list(f.textOrNull) }),
  ),
  browseAccessPaths: request(
    0x0054,
    struct({ ...server, itemId: f.text }),
    struct({ accessPaths: f.list(f.text) }),
  ),
  queryProperties: request(
    0x0060,
    struct({ ...server, itemId: f.text }),
    struct({ ids: f.u32s, descriptions: f.list(f.textOrNull), types: f.u16s }),
  ),
  getItemProperties: request(
    0x0061,
    struct({ ...server, itemId: f.text, ids: f.u32s }),
    struct({ errors: f.i32s, values: f.values }),
  ),
  lookupItemIds: request(
    0x0062,
    struct({ ...server, itemId: f.text, ids: f.u32s }),
    struct({ errors: f.i32s, itemIds: f.list(f.textOrNull) }),
  ),
  getProperties: request(
    0x0063,
    struct({ ...server, itemIds: f.list(f.text), propertyValues: f.bool, ids: f.u32s }),
    struct({ lists: f.list(propertyList) }),
  ),
} as const);

export type RequestName = keyof typeof requests;
export type RequestBody<N extends RequestName> =
  (typeof requests)[N] extends RequestKind<infer Q, infer _A> ? Q : never;
export type ResponseBody<N extends RequestName> =
  (typeof requests)[N] extends RequestKind<infer _Q, infer A> ? A : never;
export type ItemStates = StructValue<typeof states>;
export type ItemDefinition = (typeof itemDefinition extends Field<infer T> ? T : never) & object;
