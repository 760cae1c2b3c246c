import type { Effect } from "../../src/core/effect.ts";
import type { Input, ItemSample } from "../../src/core/input.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { Role } from "../../src/core/role.ts";
import type { TimerId } from "../../src/core/timer.ts";
import type { Agenda } from "./agenda.ts";
import type { Random } from "./random.ts";
import type { HostFaults, ItemMode, PlantEvent, ServerMode } from "./schedule.ts";

/** What the plant needs of the simulation around it. */
export interface Surroundings {
  readonly agenda: Agenda;
  readonly random: Random;
  now(): number;
  policy(): Policy;
  /** Hands an input to the core. */
  feed(input: Input): void;
}

/** Two simulated servers, the network to them, and a host that carries out the core's effects, well or badly. */
export interface Plant {
  carryOut(effect: Effect): void;
  befall(event: Exclude<PlantEvent, { kind: "operator" | "settings" }>): void;
  /** All servers and items are in order from now on, and the host makes no more mistakes. */
  heal(): void;
}

interface Server {
  mode: ServerMode;
  /** The link that the server itself knows; a link cut silently is one only the core still believes in. */
  session: { readonly linkId: number; readonly items: Set<string>; readonly ticking: Set<string> } | null;
  /** Id of the last link that was answered. */
  openedLinkId: number;
  readonly items: Map<string, ItemMode>;
  ticks: number;
}

export function createPlant(around: Surroundings, faultsBefore: HostFaults): Plant {
  const { agenda, random, feed } = around;
  const servers: Record<Role, Server> = { primary: newServer(), secondary: newServer() };
  const timers = new Map<TimerId, number>();
  let generation = 0;
  let faults: HostFaults | null = faultsBefore;

  const after = (delayMs: number, action: () => void): void => agenda.plan(around.now() + delayMs, action);
  const latencyMs = (server: Server): number =>
    server.mode === "slow" ? random.int(0, around.policy().probe.timeoutMs * 2) : random.int(1, 40);
  const goesWrong = (kind: keyof HostFaults): boolean => faults !== null && random.chance(faults[kind]);

  /** Lets an answer come once, twice, late or never. */
  const answer = (delayMs: number, give: () => void): void => {
    if (goesWrong("lose")) return;
    const late = goesWrong("late") ? random.int(500, 12_000) : 0;
    after(delayMs + late, give);
    if (goesWrong("twice")) after(delayMs + random.int(0, 3000), give);
  };

  const serves = (role: Role, linkId: number): boolean =>
    servers[role].session?.linkId === linkId &&
    servers[role].mode !== "hung" &&
    servers[role].mode !== "refusing";

  const endSession = (role: Role, silently: boolean, detail: string): void => {
    const { session } = servers[role];
    servers[role].session = null;
    if (session === null || silently) return;
    after(random.int(0, 20), () => feed({ kind: "linkLost", member: role, linkId: session.linkId, detail }));
  };

  const connect = (role: Role, linkId: number): void => {
    const server = servers[role];
    if (server.mode === "hung") return;
    const refused = server.mode === "refusing" || goesWrong("fail");
    answer(latencyMs(server), () => {
      if (refused || server.mode === "refusing" || server.mode === "hung") {
        feed({ kind: "linkFailed", member: role, linkId, detail: "refused" });
        return;
      }
      // The answer may come twice; a session that ended in between does not come back with it.
      if (server.openedLinkId < linkId) {
        server.openedLinkId = linkId;
        server.session = { linkId, items: new Set(), ticking: new Set() };
      }
      feed({ kind: "linkUp", member: role, linkId });
    });
  };

  const sample = (role: Role, item: string): void => {
    const server = servers[role];
    if (server.session === null || !server.session.items.has(item) || !serves(role, server.session.linkId))
      return;
    const { linkId } = server.session;
    const mode = server.items.get(item) ?? "good";
    feed({ kind: "itemSample", member: role, linkId, item, sample: sampleOf(mode, server.ticks++) });
  };

  /** A watchdog value changes with every update, unless it is frozen. */
  const tick = (role: Role, item: string, linkId: number): void => {
    const { session, items } = servers[role];
    const settings = around.policy().monitor.items.find((other) => other.item === item);
    if (session?.linkId !== linkId) return;
    if (!session.items.has(item) || settings?.trigger.on !== "noChange") {
      session.ticking.delete(item);
      return;
    }
    if (items.get(item) !== "frozen") sample(role, item);
    after(settings.updateRateMs, () => tick(role, item, linkId));
  };

  const addItem = (role: Role, linkId: number, item: string): void => {
    const server = servers[role];
    const delayMs = latencyMs(server);
    answer(delayMs, () => {
      if (!serves(role, linkId)) return;
      if (server.items.get(item) === "refused" || goesWrong("fail")) {
        feed({ kind: "itemAddFailed", member: role, linkId, item, detail: "unknown item" });
        return;
      }
      server.session?.items.add(item);
      feed({ kind: "itemAdded", member: role, linkId, item });
      after(random.int(0, 30), () => sample(role, item));
      if (server.session?.ticking.has(item)) return;
      server.session?.ticking.add(item);
      after(random.int(1, 500), () => tick(role, item, linkId));
    });
  };

  const startTimer = (timer: TimerId, afterMs: number): void => {
    const own = ++generation;
    timers.set(timer, own);
    let delayMs = afterMs;
    if (goesWrong("timers")) delayMs += random.int(-1, 60);
    const stale = goesWrong("timers");
    after(Math.max(0, delayMs), () => {
      if (timers.get(timer) === own) timers.delete(timer);
      else if (!stale) return;
      feed({ kind: "timerFired", timer });
    });
  };

  const setMode = (role: Role, mode: ServerMode, silently: boolean): void => {
    servers[role].mode = mode;
    if (mode === "refusing") endSession(role, silently, "connection reset");
  };

  const setItem = (role: Role, item: string, mode: ItemMode): void => {
    servers[role].items.set(item, mode);
    if (mode !== "frozen" && mode !== "refused") sample(role, item);
  };

  return {
    carryOut(effect) {
      switch (effect.kind) {
        case "openLink":
          connect(effect.member, effect.linkId);
          break;
        case "closeLink":
          if (servers[effect.member].session?.linkId === effect.linkId) servers[effect.member].session = null;
          break;
        case "probe": {
          const { member, linkId, probeId } = effect;
          const fails = goesWrong("fail");
          answer(latencyMs(servers[member]), () => {
            if (!serves(member, linkId)) return;
            if (fails) feed({ kind: "probeMissed", member, probeId, detail: "error answer" });
            else feed({ kind: "probeAnswered", member, probeId });
          });
          break;
        }
        case "addMonitorItems":
          for (const item of effect.items) addItem(effect.member, effect.linkId, item);
          break;
        case "removeMonitorItems":
          for (const item of effect.items) servers[effect.member].session?.items.delete(item);
          break;
        case "subscribe": {
          const { member, linkId } = effect;
          const fails = goesWrong("fail");
          answer(latencyMs(servers[member]), () => {
            if (!serves(member, linkId)) return;
            if (fails) feed({ kind: "subscribeFailed", member, linkId, detail: "too many subscriptions" });
            else feed({ kind: "subscribeDone", member, linkId });
          });
          break;
        }
        case "promote": {
          const { member, switchId } = effect;
          const fails = goesWrong("fail");
          answer(latencyMs(servers[member]), () => {
            if (fails) feed({ kind: "promoteFailed", member, switchId, detail: "sessions refused" });
            else feed({ kind: "promoteDone", member, switchId });
          });
          break;
        }
        case "startTimer":
          startTimer(effect.timer, effect.afterMs);
          break;
        case "stopTimer":
          timers.delete(effect.timer);
          break;
        case "unsubscribe":
        case "demote":
          break;
      }
    },
    befall(event) {
      switch (event.kind) {
        case "server":
          setMode(event.member, event.mode, event.silently);
          break;
        case "cut":
          endSession(event.member, event.silently, "cable pulled");
          break;
        case "item":
          setItem(event.member, event.item, event.mode);
          break;
        case "shutdown": {
          const { member, graceMs, comesBack } = event;
          const { session } = servers[member];
          if (session === null) break;
          const { linkId } = session;
          feed({ kind: "shutdownNotified", member, linkId, detail: "maintenance" });
          after(graceMs, () => {
            if (servers[member].session?.linkId === linkId) endSession(member, false, "server gone");
            if (!comesBack && faults !== null) servers[member].mode = "refusing";
          });
          break;
        }
      }
    },
    heal() {
      faults = null;
      for (const role of ["primary", "secondary"] as const) {
        servers[role].mode = "up";
        for (const item of [...servers[role].items.keys()]) setItem(role, item, "good");
      }
    },
  };
}

function newServer(): Server {
  return { mode: "up", session: null, openedLinkId: 0, items: new Map(), ticks: 0 };
}

function sampleOf(mode: ItemMode, ticks: number): ItemSample {
  switch (mode) {
    case "bad":
      return { quality: "bad", value: null, isArray: false };
    case "uncertain":
      return { quality: "uncertain", value: String(ticks), isArray: false };
    case "waiting":
      return { quality: "waiting", value: null, isArray: false };
    case "array":
      return { quality: "good", value: null, isArray: true };
    case "triggerValue":
      return { quality: "good", value: "9", isArray: false };
    case "good":
    case "frozen":
    case "refused":
      return { quality: "good", value: `v${ticks}`, isArray: false };
  }
}
