import { UnderstudyError } from "../../core/error.ts";
import { detailOf } from "../../diagnostics/detail-of.ts";
import type { MemberLink, MemberLinkEvents } from "../../host/member-link.ts";
import type { DataType } from "../../project/project.ts";
import { hresult, hresultText } from "./mapping/hresult.ts";
import { itemSampleOf } from "./mapping/item-sample.ts";
import { serverState } from "./relay/server-services.ts";
import type { DaServer, DataChange } from "./upstream/da-server.ts";
import type { HelperStarter } from "./upstream/helper.ts";
import { type DaServerPlace, HelperServers } from "./upstream/helper-servers.ts";
import { varType } from "./wire/var-type.ts";
import { emptyVariant } from "./wire/variant.ts";

export interface DaMemberLinkOptions {
  readonly place: DaServerPlace;
  /** Starts the link's own helper process. */
  readonly starter: HelperStarter;
  readonly clientName: string;
  /** Limit for opening and for each call but the status query, in ms. */
  readonly connectTimeoutMs: number;
  /** The monitor item of that name in the policy; undefined where the settings no longer have it. */
  readonly itemOf: (name: string) => DaMonitorItem | undefined;
}

export interface DaMonitorItem {
  readonly accessPath: string;
  readonly itemId: string;
  readonly dataType: DataType;
  readonly updateRateMs: number;
}

/** VARTYPEs of the project's data types; VT_EMPTY asks for the server's own. */
const requestedTypes: Readonly<Record<DataType, number>> = Object.freeze({
  Default: varType.empty,
  Boolean: varType.bool,
  Char: varType.i1,
  Byte: varType.ui1,
  Short: varType.i2,
  Word: varType.ui2,
  Long: varType.i4,
  DWord: varType.ui4,
  LLong: varType.i8,
  QWord: varType.ui8,
  Float: varType.r4,
  Double: varType.r8,
  String: varType.bstr,
  Date: varType.date,
});

/** The core minds the time of a status query and ends the link; this only bounds what is left behind. */
const statusTimeoutMs = 60_000;
/** How long a server may take to release what the link had before its helper is killed, in ms. */
const closeTimeoutMs = 1000;

/**
 * States in which a server can do nothing for clients; a status query that finds one counts as missed.
 * Test and communication fault still serve (item quality tells of the latter).
 */
const uselessStates: ReadonlyMap<number, string> = new Map<number, string>([
  [serverState.failed, "failed"],
  [serverState.noConfiguration, "no configuration"],
  [serverState.suspended, "suspended"],
]);

interface Watched {
  readonly name: string;
  readonly group: number;
  readonly item: number;
}

/** The broker's own connection to an OPC DA member, in a helper process of its own. */
export class DaMemberLink implements MemberLink {
  readonly #options: DaMemberLinkOptions;
  readonly #opening = new AbortController();
  readonly #servers: HelperServers;
  readonly #byName = new Map<string, Watched>();
  readonly #byItem = new Map<number, Watched>();
  /** Groups by their update rate; each resolves with its handle. */
  readonly #groups = new Map<number, Promise<number>>();
  #events: MemberLinkEvents | null;
  #server: DaServer | null = null;
  #lastHandle = 0;

  constructor(options: DaMemberLinkOptions, events: MemberLinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#servers = new HelperServers(options.starter);
  }

  open(): void {
    this.#open().catch((error: unknown) => {
      const events = this.#events;
      this.#end();
      events?.failed(detailOf(error));
    });
  }

  /** @throws (rejects) DA_STATUS_FAILED with the HRESULT, or the state in which the server is of no use. */
  async probe(): Promise<number> {
    const server = this.#server;
    if (!server) throw new UnderstudyError("DA_STATUS_FAILED", "the link is not up");
    const sentMs = performance.now();
    await askStatus(server, statusTimeoutMs);
    return performance.now() - sentMs;
  }

  addMonitorItems(names: readonly string[]): void {
    const byRate = new Map<number, { readonly name: string; readonly item: DaMonitorItem }[]>();
    for (const name of names) {
      const item = this.#options.itemOf(name);
      if (!item)
        queueMicrotask(() => this.#events?.itemAddFailed(name, "the settings have no such monitor item"));
      else if (this.#byName.has(name)) queueMicrotask(() => this.#events?.itemAdded(name));
      else byRate.set(item.updateRateMs, [...(byRate.get(item.updateRateMs) ?? []), { name, item }]);
    }
    for (const [rateMs, items] of byRate) {
      this.#add(rateMs, items).catch((error: unknown) => {
        for (const { name } of items) this.#events?.itemAddFailed(name, detailOf(error));
      });
    }
  }

  removeMonitorItems(names: readonly string[]): void {
    for (const name of names) {
      const watched = this.#byName.get(name);
      if (!watched) continue;
      this.#forget(watched);
      const items = Uint32Array.of(watched.item);
      // an item that stays behind costs the server a little and is ignored here
      this.#server
        ?.call("removeItems", { server: 0, group: watched.group, items }, this.#options.connectTimeoutMs)
        .catch(() => undefined);
    }
  }

  close(): void {
    this.#end();
  }

  async #open(): Promise<void> {
    const { place, connectTimeoutMs, clientName } = this.#options;
    const server = await this.#servers.open(place, connectTimeoutMs, this.#opening.signal);
    if (!this.#events) {
      server.abort();
      return;
    }
    this.#server = server;
    server.onLost = (detail) => this.#lost(detail);
    server.onShutdown = (reason) => this.#events?.shutdown(reason || "the server announced its shutdown");
    server.onDataChange = (change) => this.#changed(change);
    await askStatus(server, connectTimeoutMs);
    // only for the server's own diagnostics
    await server.call("setClientName", { server: 0, name: clientName }, connectTimeoutMs);
    this.#events?.up();
  }

  async #add(
    rateMs: number,
    items: readonly { readonly name: string; readonly item: DaMonitorItem }[],
  ): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const group = await this.#group(server, rateMs);
    const watched = items.map(({ name }) => this.#remember(name, group));
    const outcome = await server.call(
      "addItems",
      {
        server: 0,
        group,
        items: items.map(({ item: { accessPath, itemId, dataType } }, index) => ({
          item: watched[index]?.item ?? 0,
          active: true,
          requestedType: requestedTypes[dataType],
          accessPath,
          itemId,
        })),
      },
      this.#options.connectTimeoutMs,
    );
    watched.forEach((each, index) => {
      const error = outcome.ok ? (outcome.body.errors[index] ?? hresult.E_FAIL) : outcome.result;
      if (error >= 0) {
        this.#events?.itemAdded(each.name);
        return;
      }
      this.#forget(each);
      const detail = outcome.ok ? null : outcome.detail;
      this.#events?.itemAddFailed(each.name, detail ?? hresultText(error));
    });
  }

  #group(server: DaServer, rateMs: number): Promise<number> {
    const known = this.#groups.get(rateMs);
    if (known !== undefined) return known;
    this.#lastHandle += 1;
    const group = this.#lastHandle;
    const created = this.#createGroup(server, group, rateMs);
    this.#groups.set(rateMs, created);
    created.catch(() => this.#groups.delete(rateMs));
    return created;
  }

  async #createGroup(server: DaServer, group: number, updateRateMs: number): Promise<number> {
    const outcome = await server.call(
      "addGroup",
      {
        server: 0,
        group,
        name: "",
        active: true,
        updateRateMs,
        timeBiasMinutes: 0,
        deadbandPercent: 0,
        locale: 0,
        keepAliveMs: 0,
      },
      this.#options.connectTimeoutMs,
    );
    if (outcome.ok) return group;
    throw new UnderstudyError("DA_GROUP_REFUSED", outcome.detail ?? hresultText(outcome.result));
  }

  #remember(name: string, group: number): Watched {
    this.#lastHandle += 1;
    const watched: Watched = { name, group, item: this.#lastHandle };
    this.#byName.set(name, watched);
    this.#byItem.set(watched.item, watched);
    return watched;
  }

  #forget(watched: Watched): void {
    this.#byItem.delete(watched.item);
    if (this.#byName.get(watched.name) === watched) this.#byName.delete(watched.name);
  }

  #changed({ items, errors, qualities, values }: DataChange): void {
    const variants = values.toArray();
    items.forEach((item, index) => {
      const watched = this.#byItem.get(item);
      if (!watched) return;
      const sample = itemSampleOf(errors[index] ?? 0, qualities[index] ?? 0, variants[index] ?? emptyVariant);
      this.#events?.itemSample(watched.name, sample);
    });
  }

  #lost(detail: string): void {
    const events = this.#events;
    this.#end();
    events?.lost(detail);
  }

  /** No event after this. A server that answers may release what the link had; one that does not costs its helper. */
  #end(): void {
    if (!this.#events) return;
    this.#events = null;
    this.#opening.abort();
    const server = this.#server;
    this.#server = null;
    const end = (): void => this.#servers.end("the link was closed");
    if (!server?.isOpen) {
      end();
      return;
    }
    const timer = setTimeout(end, closeTimeoutMs);
    server
      .close()
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(timer);
        end();
      });
  }
}

async function askStatus(server: DaServer, timeoutMs: number): Promise<void> {
  const outcome = await server.call("getStatus", { server: 0 }, timeoutMs);
  if (!outcome.ok) {
    throw new UnderstudyError("DA_STATUS_FAILED", outcome.detail ?? hresultText(outcome.result));
  }
  const useless = uselessStates.get(outcome.body.state);
  if (useless) throw new UnderstudyError("DA_STATUS_FAILED", `the server's state is ${useless}`);
}
