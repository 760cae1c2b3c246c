import { createJournal } from "../../../src/diagnostics/journal.ts";
import { keepOnDisk } from "../../../src/diagnostics/journal-disk.ts";
import { anEvent } from "../helpers.ts";

// Appends events without end to a journal on disk, and says after each moment which of them are acknowledged.

const [, , stateDirectory = "", maximum = "1000"] = process.argv;
const { journal, restore, acknowledgedId } = keepOnDisk({
  journal: createJournal({ maximumEvents: Number(maximum), pairs: {} }),
  stateDirectory,
  onTrouble: ({ kind }) => process.stdout.write(`trouble ${kind}\n`),
});
await restore();
let told = journal.query().at(-1)?.id ?? 0;
const work = (): void => {
  for (let count = 0; count < 20; count++) journal.append(anEvent());
  const id = acknowledgedId();
  if (id !== told) process.stdout.write(`acknowledged ${id}\n`);
  told = id;
  setTimeout(work, 5);
};
work();
