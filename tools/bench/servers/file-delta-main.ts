import { execFile } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "../../../src/opc/clock.ts";
import { FileReplicator } from "../../../src/servers/replication/files/file-replicator.ts";
import { sshOptions } from "../../../src/servers/replication/files/rsync-arguments.ts";
import type { SshPlace } from "../../../src/servers/replication/files/settings.ts";
import { rounded } from "../statistics.ts";
import { orderOf, tell } from "./in-lab.ts";

/** What the measurement is told. */
export interface DeltaOrder {
  readonly source: string;
  readonly destination: string;
  readonly rsyncDestination: string;
  readonly ssh: SshPlace;
  readonly rounds: number;
  readonly fileBytes: number;
  readonly blockBytes: number;
  readonly changedBlocks: number;
}

/** One round. */
export interface DeltaRun {
  readonly deltaSeconds: number;
  readonly rsyncDeltaSeconds: number;
}

const execute = promisify(execFile);
const name = "data";

const order = orderOf<DeltaOrder>();
const replicator = new FileReplicator(
  {
    source: order.source,
    destination: order.destination,
    ssh: order.ssh,
    include: [],
    checksum: false,
    orphans: "keep",
    bandwidthLimit: 0,
    compress: false,
    rescanInterval: 60_000,
  },
  systemClock,
  { complete: () => undefined, failed: () => undefined, noticed: () => undefined },
);

async function product(): Promise<void> {
  await replicator.runOnce("fromLive", () => undefined, new AbortController().signal);
}

async function plainRsync(): Promise<void> {
  const shell = ["ssh", ...sshOptions(order.ssh)].join(" ");
  const from = `${order.ssh.user}@${order.ssh.host}:${order.source}/`;
  await execute("rsync", ["--archive", "--rsh", shell, from, `${order.rsyncDestination}/`]);
}

async function makeOriginal(): Promise<void> {
  const file = await open(join(order.source, name), "w");
  for (let at = 0; at < order.fileBytes; at += 2 ** 24)
    await file.write(randomBytes(2 ** 24), 0, 2 ** 24, at);
  await file.close();
}

async function changeBlocks(): Promise<void> {
  const blocks = new Set<number>();
  while (blocks.size < order.changedBlocks) blocks.add(randomInt(order.fileBytes / order.blockBytes));
  const file = await open(join(order.source, name), "r+");
  for (const block of blocks) {
    await file.write(randomBytes(order.blockBytes), 0, order.blockBytes, block * order.blockBytes);
  }
  await file.close();
}

/** Seconds that a copy takes; what was written before does not count, and the copy must be right. */
async function timed(copy: () => Promise<void>, destination: string): Promise<number> {
  await execute("sync", ["--file-system", order.source]);
  const began = performance.now();
  await copy();
  const seconds = (performance.now() - began) / 1000;
  await execute("cmp", [join(order.source, name), join(destination, name)]);
  return rounded(seconds, 3);
}

async function run(): Promise<void> {
  const withProduct = (): Promise<number> => timed(product, order.destination);
  const withRsync = (): Promise<number> => timed(plainRsync, order.rsyncDestination);
  await makeOriginal();
  await withProduct();
  await withRsync();
  for (let round = 0; round < order.rounds; round += 1) {
    await changeBlocks();
    const first = round % 2 === 0 ? await withProduct() : await withRsync();
    const second = round % 2 === 0 ? await withRsync() : await withProduct();
    const [deltaSeconds, rsyncDeltaSeconds] = round % 2 === 0 ? [first, second] : [second, first];
    tell<DeltaRun>({ deltaSeconds, rsyncDeltaSeconds });
  }
}

await run();
