import { sampleSeries } from "../clock.ts";
import { Cohort, cohortKey } from "./cohort.ts";
import { Monitoring } from "./item-settings.ts";
import type { MonitoredItem } from "./monitored-item.ts";
import type { Segment } from "./notification.ts";

/** Where an item's reports begin: with the present value, after it, or at a tick. */
export type ReportsFrom = "current" | "after" | number;

/** The cohorts of one subscription: which item is in which, and what they have to report. */
export class Cohorts {
  readonly #all = new Set<Cohort<MonitoredItem>>();
  readonly #periodMs: number;
  /** Items come in thousands of the same kind: the cohort of the last one is the first to look at. */
  #last: Cohort<MonitoredItem> | null = null;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  add(item: MonitoredItem, nowMs: number, from: ReportsFrom): void {
    const reporting = item.mode === Monitoring.reporting;
    const series = sampleSeries(item.settings.samplingIntervalMs, this.#periodMs);
    const latest = series.latest(nowMs);
    const next = from === "current" ? latest : from === "after" ? latest + 1 : series.sampleFrom(from);
    const key = cohortKey(item.settings, reporting);
    const fits = (cohort: Cohort<MonitoredItem>) => cohort.key === key && cohort.next === next;
    let cohort = this.#last !== null && this.#all.has(this.#last) && fits(this.#last) ? this.#last : null;
    cohort ??= [...this.#all].find(fits) ?? new Cohort(item.settings, reporting, this.#periodMs, next);
    this.#all.add(cohort);
    this.#last = cohort;
    cohort.add(item);
    item.cohort = cohort;
  }

  delete(item: MonitoredItem): void {
    const { cohort } = item;
    if (!cohort) return;
    cohort.delete(item);
    item.cohort = null;
    if (cohort.size === 0) this.#all.delete(cohort);
  }

  hasPending(nowMs: number): boolean {
    for (const cohort of this.#all) if (cohort.reporting && cohort.hasPending(nowMs)) return true;
    return false;
  }

  /** Everything there is to report; the cohorts go on after it. */
  take(nowMs: number): Segment[] {
    this.#merge();
    const segments: Segment[] = [];
    for (const cohort of this.#all) {
      if (!cohort.reporting) continue;
      const { samples, overflowAt } = cohort.pending(nowMs);
      samples.forEach((sample, position) => {
        const overflow = position === overflowAt;
        segments.push({ kind: "wave", cohort, sample, overflow, first: 0, count: cohort.size });
      });
      const last = samples.at(-1);
      if (last !== undefined) cohort.next = last + 1;
    }
    return segments;
  }

  /** Cohorts that have reported the same samples become one. */
  #merge(): void {
    if (this.#all.size < 2) return;
    const byKey = new Map<string, Cohort<MonitoredItem>>();
    for (const cohort of this.#all) {
      const key = `${cohort.key} ${cohort.next}`;
      const into = byKey.get(key);
      if (!into) {
        byKey.set(key, cohort);
        continue;
      }
      for (const item of cohort.members) {
        into.add(item);
        item.cohort = into;
      }
      this.#all.delete(cohort);
    }
  }
}
