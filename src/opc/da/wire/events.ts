import { states } from "./requests.ts";
import * as f from "./schema.ts";
import { type Field, struct } from "./schema.ts";

export interface EventKind<T> {
  readonly type: number;
  readonly body: Field<T>;
}

function event<T>(type: number, body: Field<T>): EventKind<T> {
  return Object.freeze({ type, body });
}

/** Every event of the protocol with its body. */
export const events = Object.freeze({
  dataChange: event(
    0x4001,
    struct({
      server: f.u32,
      group: f.u32,
      transaction: f.u32,
      masterQuality: f.i32,
      masterError: f.i32,
      items: f.u32s,
      ...states,
    }),
  ),
  shutdown: event(0x4002, struct({ server: f.u32, reason: f.textOrNull })),
  serverLost: event(0x4003, struct({ server: f.u32, error: f.i32, detail: f.text })),
  overflow: event(0x4004, struct({ server: f.u32, group: f.u32, values: f.u64 })),
  log: event(0x4005, struct({ level: f.u8, text: f.text })),
  unknown: event(0x7fff, struct({ type: f.u16, correlation: f.u32 })),
} as const);

export type EventName = keyof typeof events;
export type EventBody<N extends EventName> = (typeof events)[N] extends EventKind<infer T> ? T : never;
/** An event as it arrived. */
export type WireEvent = {
  readonly [N in EventName]: { readonly name: N; readonly body: EventBody<N> };
}[EventName];
