import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

export interface Environment {
  readonly node: string;
  readonly nodeOpcua: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Load average of the last minute before the bench began; above the number of cores the figures mean little. */
  readonly loadBefore: number;
}

/** Where the figures come from. */
export function environment(): Environment {
  const found = import.meta.resolve("node-opcua/package.json");
  const manifest = JSON.parse(readFileSync(new URL(found), "utf8")) as { readonly version: string };
  const [cpu] = cpus();
  return {
    node: process.version,
    nodeOpcua: manifest.version,
    platform: `${process.platform} ${release()} ${process.arch}`,
    cpu: cpu?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}
