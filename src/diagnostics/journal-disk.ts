import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DiagnosticEvent } from "./event.ts";
import type { Journal } from "./journal.ts";
import { loadJournal, saveJournal } from "./journal-file.ts";
import { JournalTail } from "./journal-tail.ts";

/** The tail is folded into the base when it has this many lines, or as many as the journal keeps. */
const longestTail = 5000;
/** Pause before a disk that failed is tried again, in ms. */
const retryMs = 5000;

export type DiskTrouble =
  | { readonly kind: "failed"; readonly detail: string }
  /** All that the journal has in memory is on the disk again. */
  | { readonly kind: "recovered" };

/** A journal whose events are on disk as well. */
export interface DiskJournal {
  readonly journal: Journal;
  /** Id of the last event that a sudden end of process or machine cannot take away. */
  acknowledgedId(): number;
  /** Brings back the events of earlier runs, however they ended; call once, before anything is appended. */
  restore(): Promise<void>;
  /** Everything appended so far is on the disk when this resolves (or the disk has failed). */
  commit(): Promise<void>;
  /** Ends with only these events on the disk; none: the files go. Throws JOURNAL_NOT_SAVED. */
  close(kept: readonly DiagnosticEvent[]): Promise<void>;
}

/**
 * Keeps a journal on disk as a base (all events of some moment, replaced as a whole) and a tail (what came since,
 * appended). Whatever moment a run ends at, base and tail together hold every acknowledged event; one that
 * stands in both counts once.
 */
export function keepOnDisk(options: {
  readonly journal: Journal;
  readonly stateDirectory: string;
  readonly onTrouble: (trouble: DiskTrouble) => void;
}): DiskJournal {
  const { journal, stateDirectory } = options;
  const base = join(stateDirectory, "events.jsonl");
  const tailFile = join(stateDirectory, "events-tail.jsonl");
  let hasFailed = false;
  let retry: NodeJS.Timeout | null = null;
  let size = 0;

  const tail = new JournalTail({
    path: tailFile,
    onWritten: (lines) => {
      if (lines >= Math.max(longestTail, size)) void fold();
    },
    onFailed: (error) => {
      if (!hasFailed) {
        hasFailed = true;
        options.onTrouble({ kind: "failed", detail: error instanceof Error ? error.message : String(error) });
      }
      // memory has what the disk lacks: a new base mends all of it
      retry ??= setTimeout(() => {
        retry = null;
        void fold();
      }, retryMs).unref();
    },
  });

  async function fold(): Promise<void> {
    let isWritten = false;
    await tail.restart(async () => {
      const events = journal.query();
      size = events.length;
      await saveJournal(base, events);
      isWritten = true;
      return events.at(-1)?.id ?? 0;
    });
    if (isWritten && hasFailed) {
      hasFailed = false;
      options.onTrouble({ kind: "recovered" });
    }
  }

  return {
    journal: {
      ...journal,
      append(event) {
        const numbered = journal.append(event);
        tail.add(numbered);
        return numbered;
      },
      clear(pair) {
        journal.clear(pair);
        void fold();
      },
    },
    acknowledgedId: () => tail.acknowledgedId,
    async restore() {
      await mkdir(stateDirectory, { recursive: true, mode: 0o700 }).catch(() => undefined);
      const inBase = await loadJournal(base);
      const inTail = await loadJournal(tailFile);
      const byId = new Map([...inBase, ...inTail].map((event) => [event.id, event]));
      journal.restore([...byId.values()].sort((one, other) => one.id - other.id));
      if (inTail.length > 0) return await fold();
      // after an orderly end the base is all there is: writing it again would only delay the start
      size = inBase.length;
      await tail.restart(async () => inBase.at(-1)?.id ?? 0);
    },
    commit: () => tail.commit(),
    async close(kept) {
      if (retry !== null) clearTimeout(retry);
      await tail.close();
      if (kept.length > 0) await saveJournal(base, kept);
      else await rm(base, { force: true });
      // last: until here base and tail together have everything
      await rm(tailFile, { force: true });
    },
  };
}
