import { connect } from "node:net";
import type { DataChange } from "../../../src/opc/da/upstream/da-server.ts";
import { WireConnection } from "../../../src/opc/da/upstream/wire-connection.ts";
import type { Outcome } from "../../../src/opc/da/wire/message-codec.ts";
import type { RequestBody, RequestName, ResponseBody } from "../../../src/opc/da/wire/requests.ts";

/** One item's sample as the client got it. */
export interface Received {
  readonly item: number;
  readonly value: unknown;
  readonly quality: number;
}

/** A DA client's proxy as a test plays it: speaks the proxy leg to a gateway. */
export class PlayedProxy {
  readonly changes: DataChange[] = [];
  readonly received: Received[] = [];
  /** Reasons of IOPCShutdown::ShutdownRequest, as they came. */
  readonly shutdowns: (string | null)[] = [];
  /** Told of each data change as it comes. */
  onChange: ((change: DataChange) => void) | null = null;
  readonly #connection: WireConnection;
  readonly #watchers = new Set<() => void>();

  private constructor(connection: WireConnection) {
    this.#connection = connection;
    connection.onEvent = (event) => {
      if (event.name === "shutdown") this.shutdowns.push(event.body.reason);
      if (event.name !== "dataChange") return;
      this.changes.push(event.body);
      this.onChange?.(event.body);
      const values = event.body.values.toArray();
      event.body.items.forEach((item, index) => {
        const variant = values[index];
        const value = variant && "value" in variant ? variant.value : null;
        this.received.push({ item, value, quality: event.body.qualities[index] ?? 0 });
      });
      for (const watcher of [...this.#watchers]) watcher();
    };
  }

  static async connect(port: number, token: string, target: string): Promise<PlayedProxy> {
    const socket = connect({ host: "127.0.0.1", port });
    const connection = await WireConnection.open(
      { input: socket, output: socket, end: () => socket.destroy() },
      { leg: "proxy", program: "client.exe", token, target, timeoutMs: 2000 },
    );
    return new PlayedProxy(connection);
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  call<N extends RequestName>(
    name: N,
    body: RequestBody<N>,
    deadlineMs = 5000,
  ): Promise<Outcome<ResponseBody<N>>> {
    return this.#connection.call(name, body, deadlineMs);
  }

  async expect<N extends RequestName>(name: N, body: RequestBody<N>): Promise<ResponseBody<N>> {
    const outcome = await this.call(name, body);
    if (!outcome.ok) throw new Error(`${name}: ${outcome.result.toString(16)} ${outcome.detail ?? ""}`);
    return outcome.body;
  }

  open(): Promise<ResponseBody<"openServer">> {
    return this.expect("openServer", { server: 1, id: "", machine: "", classContext: 0, authentication: 0 });
  }

  addGroup(group: number, active = true): Promise<ResponseBody<"addGroup">> {
    return this.expect("addGroup", {
      server: 1,
      group,
      name: `group ${group}`,
      active,
      updateRateMs: 100,
      timeBiasMinutes: 0,
      deadbandPercent: 0,
      locale: 0,
      keepAliveMs: 0,
    });
  }

  addItems(group: number, itemIds: Readonly<Record<number, string>>): Promise<ResponseBody<"addItems">> {
    const items = Object.entries(itemIds).map(([item, itemId]) => ({
      item: Number(item),
      active: true,
      requestedType: 0,
      accessPath: "",
      itemId,
    }));
    return this.expect("addItems", { server: 1, group, items });
  }

  /** Resolves once the client has received what is looked for. */
  until(found: (received: readonly Received[]) => boolean, timeoutMs = 4000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`not received within ${timeoutMs} ms: ${JSON.stringify(this.received)}`));
      }, timeoutMs);
      const look = (): void => {
        if (!found(this.received)) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  values(item: number): unknown[] {
    return this.received.filter((each) => each.item === item).map(({ value }) => value);
  }

  close(): void {
    this.#connection.end();
  }
}
