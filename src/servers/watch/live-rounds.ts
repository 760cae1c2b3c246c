import type { ServerSettings } from "../../project/server.ts";
import { icmpProbe } from "../probes/icmp-probe.ts";
import { makeProbes, type ProbeTools } from "../probes/make-probes.ts";
import { type Round, Rounds } from "../probes/rounds.ts";

/** Where rounds of probes come from. */
export interface RoundsSource {
  /** Whether the live server can be asked while this machine holds its address. */
  readonly hasMaintenance: boolean;
  ask(addressHeld: boolean): Promise<Round>;
}

/** Asks the live server, by its own address or, while this machine holds that one, by its maintenance address. */
export class LiveRounds implements RoundsSource {
  readonly #own: Rounds;
  readonly #maintenance: Rounds | null;

  constructor(server: ServerSettings, tools: ProbeTools, nowMs: () => number) {
    const rounds = (address: string): Rounds =>
      new Rounds({
        probes: makeProbes(server, address, tools),
        combination: server.probeCombination,
        witnesses: server.witnesses.map((witness) => icmpProbe(witness, server.pingTimeout)),
        timeoutMs: server.pingTimeout,
        // Asked one after the other, server and witnesses would take longer than there is until the next round.
        hasty: server.failover.failAfter === 1 || 2 * server.pingTimeout > server.pingInterval,
        nowMs,
      });
    this.#own = rounds(server.address);
    this.#maintenance = server.maintenanceAddress === null ? null : rounds(server.maintenanceAddress);
  }

  get hasMaintenance(): boolean {
    return this.#maintenance !== null;
  }

  ask(addressHeld: boolean): Promise<Round> {
    return (addressHeld ? (this.#maintenance ?? this.#own) : this.#own).ask();
  }
}
