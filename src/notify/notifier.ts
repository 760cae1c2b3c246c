import type { Clock } from "../diagnostics/clock.ts";
import type { DiagnosticEvent, HostRecord } from "../diagnostics/event.ts";
import { composeMail } from "./compose.ts";
import { Delivery } from "./delivery.ts";
import type { Mail, MailTimeouts, NotificationRules } from "./settings.ts";
import { happened, nextDueMs, passed, type StormState } from "./storm.ts";

/** Messages that may wait for a mail server; what comes on top is dropped and told. */
export const queueLimit = 200;

export interface NotifierOptions {
  readonly clock: Clock;
  /** Rules in force for events of a pair; `null` = of the broker itself. */
  readonly rulesOf: (pair: string | null) => NotificationRules;
  readonly report: (record: HostRecord, pair: string | null) => void;
  readonly timeouts?: MailTimeouts;
}

interface QueuedMail {
  readonly mail: Mail;
  readonly event: DiagnosticEvent;
  readonly rules: NotificationRules;
}

/** Events about mail are never mailed: that would have no end. */
const neverMailed: ReadonlySet<string> = new Set(["notificationFailed", "notificationServerChanged"]);

/**
 * Sends mail about events. Taking an event does nothing but put it into a queue; everything that can be slow
 * happens later, one message at a time.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #queue: QueuedMail[] = [];
  /** One for each set of servers in force, with what is known of them. */
  readonly #deliveries = new Map<string, Delivery>();
  #storm: StormState<DiagnosticEvent> = new Map();
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #current: QueuedMail | null = null;
  readonly #end = new AbortController();
  #isClosed = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Takes an event; never throws, never waits. */
  readonly take = (event: DiagnosticEvent): void => {
    if (this.#isClosed || neverMailed.has(event.code)) return;
    const rules = this.#options.rulesOf(event.pair);
    if (!rules.enabled || !rules.events.includes(event.code)) return;
    const key = JSON.stringify([event.pair, event.code]);
    const { state, send } = happened(this.#storm, key, event, this.#options.clock.nowMs());
    this.#storm = state;
    for (const each of send) this.#enqueue(each.event, each.count);
    this.#setTimer();
  };

  /**
   * Sends what waits and what is held, for at most that time (ms), then nothing more. What has not gone by then is
   * reported, each message as `notificationFailed`, before this resolves.
   */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const held of this.#storm.values()) if (held.last) this.#enqueue(held.last, held.count);
    this.#storm = new Map();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#sending ?? Promise.resolve(), late]);
    clearTimeout(timer);
    this.#giveUp();
  }

  #giveUp(): void {
    this.#end.abort();
    if (this.#current !== null) {
      this.#drop(
        this.#current.event,
        "the broker stopped while a mail server was being spoken to; it may have it",
      );
    }
    for (const { event } of this.#queue.splice(0)) this.#drop(event, "the broker stopped before it was sent");
  }

  #drop(event: DiagnosticEvent, detail: string): void {
    this.#options.report({ kind: "notificationFailed", event: event.code, detail }, event.pair);
  }

  #setTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const dueMs = nextDueMs(this.#storm);
    if (dueMs === null) return;
    const { clock } = this.#options;
    this.#timer = setTimeout(
      () => {
        const { state, send } = passed(this.#storm, clock.nowMs());
        this.#storm = state;
        for (const { event, count } of send) this.#enqueue(event, count);
        this.#setTimer();
      },
      Math.max(dueMs - clock.nowMs(), 0) + 1,
    ).unref();
  }

  #enqueue(event: DiagnosticEvent, count: number): void {
    const rules = this.#options.rulesOf(event.pair);
    if (this.#queue.length >= queueLimit) {
      this.#drop(event, `${queueLimit} messages wait for the mail server already`);
      return;
    }
    this.#queue.push({ mail: composeMail(rules, event, count), event, rules });
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
  }

  async #sendAll(): Promise<void> {
    // not in the turn of whoever reported the event
    await new Promise((resolve) => setImmediate(resolve));
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { mail, event, rules } = next;
      this.#current = next;
      const outcome = await this.#deliveryOf(rules).deliver(rules.servers, mail, this.#end.signal);
      this.#current = null;
      // what became of it has been told
      if (this.#end.signal.aborted) return;
      switch (outcome.kind) {
        case "sent":
          break;
        case "sentByOther": {
          const { by: server, detail } = outcome;
          this.#options.report({ kind: "notificationServerChanged", server, detail }, event.pair);
          break;
        }
        case "dropped":
          this.#drop(event, outcome.detail);
          break;
      }
    }
  }

  /** Pairs with the same servers share what is known of them. Secrets are no part of it: each message asks for its own. */
  #deliveryOf({ servers }: NotificationRules): Delivery {
    const key = JSON.stringify([servers.primary, servers.secondary]);
    const known = this.#deliveries.get(key);
    if (known) return known;
    const delivery = new Delivery(this.#options.timeouts);
    this.#deliveries.set(key, delivery);
    return delivery;
  }
}
