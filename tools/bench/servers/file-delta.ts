import { mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Lab, maintenanceAddress, whyNoLab } from "../../../test/servers/support/lab.ts";
import { startSshServer } from "../../../test/servers/support/ssh-server.ts";
import { median, rounded } from "../statistics.ts";
import type { DeltaOrder, DeltaRun } from "./file-delta-main.ts";
import { runInLab } from "./in-lab.ts";
import type { Measure } from "./measure.ts";

/** The original, two copies, and a file that plain rsync makes beside its copy. */
const neededBytes = 5 * 2 ** 30;
const fileBytes = 2 ** 30;
const blockBytes = 64 * 1024;
const changedBlocks = 160;

const program = fileURLToPath(new URL("file-delta-main.js", import.meta.url));

/**
 * One host of a lab has a file of 1 GiB, another one two copies of it: one that this product's file replication keeps,
 * one that plain rsync does, both over SSH. Blocks of the original are changed, then both copies are brought up to
 * date, one after the other and in turns first, and compared with the original.
 */
export const measureFileDelta: Measure = async (settings, progress) => {
  const directory = await mkdtemp(join(tmpdir(), "understudy-bench-"));
  let lab: Lab | null = null;
  try {
    const reason = (await whyNoLab()) ?? (await whyNoSpace(directory));
    if (reason !== null) return { figures: {}, details: {}, skipped: [`file delta: ${reason}`] };
    lab = await Lab.create();
    await startSshServer(lab);
    const runs = await measureIn(lab, directory, settings.repeats, progress);
    const seconds = (of: (run: DeltaRun) => number): number => rounded(median(runs.map(of)), 3);
    return {
      figures: {
        deltaSeconds: seconds((run) => run.deltaSeconds),
        rsyncDeltaSeconds: seconds((run) => run.rsyncDeltaSeconds),
      },
      details: { deltaRuns: runs },
      skipped: [],
    };
  } finally {
    await lab?.remove();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
};

async function whyNoSpace(directory: string): Promise<string | null> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize < neededBytes ? `less than 5 GiB free in ${directory}` : null;
}

async function measureIn(
  lab: Lab,
  directory: string,
  rounds: number,
  progress: (text: string) => void,
): Promise<readonly DeltaRun[]> {
  const source = join(directory, "live");
  await mkdir(source);
  const keys = join(lab.directory, "ssh");
  const order: DeltaOrder = {
    source,
    destination: join(directory, "copy"),
    rsyncDestination: join(directory, "rsync-copy"),
    ssh: {
      host: maintenanceAddress,
      port: 22,
      user: "root",
      identityFile: join(keys, "user"),
      knownHostsFile: join(keys, "known"),
    },
    ...{ rounds, fileBytes, blockBytes, changedBlocks },
  };
  return await runInLab<DeltaOrder, DeltaRun>(lab, "standin", program, order, directory, (run, all) => {
    progress(
      `file delta ${all.length} of ${rounds}: ${run.deltaSeconds} s, rsync ${run.rsyncDeltaSeconds} s`,
    );
  });
}
