import type { DiagnosticEvent } from "../../diagnostics/event.ts";
import type { EventBatch, EventsAnswer, StatusAnswer } from "../contract.ts";
import { ask } from "./api.ts";
import { Store } from "./store.ts";

export const status = new Store<StatusAnswer | null>(null);
export const isConnected = new Store(true);
/** The newest events, oldest first. */
export const events = new Store<readonly DiagnosticEvent[]>([]);
/** Events that came faster than they could be shown. */
export const missedEvents = new Store(0);

/** Events kept in the page; the broker has the others. */
export const eventLimit = 5000;

/** Follows the broker; the browser connects again by itself. */
export function follow(): void {
  const stream = new EventSource("/api/v1/stream");
  stream.addEventListener("open", () => {
    isConnected.set(true);
    void loadEvents();
  });
  stream.addEventListener("error", () => {
    isConnected.set(false);
    // a refusal ends the stream for good
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
  stream.addEventListener("status", ({ data }) => status.set(JSON.parse(data as string) as StatusAnswer));
  stream.addEventListener("events", ({ data }) => {
    const batch = JSON.parse(data as string) as EventBatch;
    if (batch.missed > 0) missedEvents.set(missedEvents.value + batch.missed);
    add(batch.events);
  });
}

export async function loadEvents(): Promise<void> {
  const { events: past } = await ask<EventsAnswer>("GET", `/api/v1/events?limit=${eventLimit}`);
  const lastId = past.at(-1)?.id ?? 0;
  events.set([...past, ...events.value.filter(({ id }) => id > lastId)]);
  missedEvents.set(0);
}

function add(batch: readonly DiagnosticEvent[]): void {
  const lastId = events.value.at(-1)?.id ?? 0;
  const news = batch.filter(({ id }) => id > lastId);
  if (news.length > 0) events.set([...events.value, ...news].slice(-eventLimit));
}
