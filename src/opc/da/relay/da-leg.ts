import type { Role } from "../../../core/role.ts";
import type { RelayLeg } from "../../relay/leg-slot.ts";
import type { DaServer, DataChange } from "../upstream/da-server.ts";
import type { ClientGroup } from "./client-group.ts";
import { LegGroup } from "./leg-group.ts";

/** A client's server object on one member, and in it one group for each of the client's. */
export class DaLeg implements RelayLeg {
  readonly role: Role;
  /** Differs from every other leg of the same client. */
  readonly number: number;
  readonly server: DaServer;
  /** Resolves once the client's groups are there, or the leg has ended. */
  readonly whenReady: Promise<void>;
  readonly #groups = new Map<number, LegGroup>();
  #isReady = false;
  #settled: () => void = () => undefined;

  constructor(role: Role, number: number, server: DaServer) {
    this.role = role;
    this.number = number;
    this.server = server;
    this.whenReady = new Promise((resolve) => {
      this.#settled = resolve;
    });
    server.onDataChange = (change) => this.#received(change);
  }

  get isOpen(): boolean {
    return this.server.isOpen;
  }

  /** True once calls about the client's groups can go here. */
  get isReady(): boolean {
    return this.#isReady;
  }

  markReady(): void {
    this.#isReady = true;
    this.#settled();
  }

  group(handle: number): LegGroup | null {
    return this.#groups.get(handle) ?? null;
  }

  groups(): Iterable<LegGroup> {
    return this.#groups.values();
  }

  /** Takes in a group; nothing is asked of the member yet. */
  add(group: ClientGroup, publishes: boolean): LegGroup {
    const added = new LegGroup(this.server, group, publishes);
    this.#groups.set(group.handle, added);
    return added;
  }

  /** Has the member follow the client's group. */
  async follow(group: ClientGroup, publishes: boolean): Promise<void> {
    const known = this.#groups.get(group.handle);
    if (known?.group === group) {
      await known.reconcile();
      return;
    }
    group.restart(this.role);
    await this.add(group, publishes).reconcile();
  }

  /** Forgets a group that was never created. */
  drop(handle: number): void {
    this.#groups.delete(handle);
  }

  async remove(handle: number): Promise<void> {
    const removed = this.#groups.get(handle);
    this.#groups.delete(handle);
    await removed?.remove();
  }

  /** Lets this member send what the client wants, or nothing. */
  async setPublishing(publishes: boolean): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.setPublishing(publishes)));
  }

  abort(): void {
    this.#settled();
    this.server.abort();
  }

  close(): Promise<void> {
    this.#settled();
    return this.server.close();
  }

  #received(change: DataChange): void {
    this.#groups.get(change.group)?.group.receive(this.role, change);
  }
}
