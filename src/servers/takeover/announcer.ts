import { type ChildProcess, spawn } from "node:child_process";
import { killGroup, missing } from "../program-tools.ts";
import { announceScript, neighbourArguments } from "./neighbour-discovery.ts";
import type { NetworkInterface } from "./network-interface.ts";
import { inNamespace, searchPath } from "./program.ts";

/** How often an address is announced after the first time, one second apart: a frame may get lost. */
const repeats = 3;
/** Longest wait for the first announcement, in ms. arping keeps its words back until its end: nothing is heard of it. */
const firstMs = { arping: 30, perl: 1000 };

/**
 * Tells the neighbours who has an address now. What repeats the announcement ends with this process
 * (setpriv --pdeathsig), so that an address given back is not claimed any longer.
 */
export class Announcer {
  readonly #namespace: string | null;
  readonly #running = new Map<string, Set<ChildProcess>>();

  constructor(namespace: string | null) {
    this.#namespace = namespace;
  }

  /** Resolves when the first announcement is sent; the repetitions go on. Rejects where none can be sent. */
  async announce(address: string, on: NetworkInterface): Promise<void> {
    if (address.includes(":")) {
      const args = ["-e", announceScript, ...neighbourArguments(on, address, repeats, 1)];
      return this.#start(address, "perl", args);
    }
    // Some hosts heed answers only, some requests only.
    const common = ["-c", String(repeats), "-I", on.name, address];
    await Promise.all([
      this.#start(address, "arping", ["-A", ...common]),
      this.#start(address, "arping", ["-U", ...common]),
    ]);
  }

  /** Ends the repetitions for an address. */
  stop(address: string): void {
    for (const child of this.#running.get(address) ?? []) killGroup(child.pid, "SIGKILL");
  }

  #start(address: string, program: keyof typeof firstMs, args: readonly string[]): Promise<void> {
    const [outer, all] = inNamespace(this.#namespace, "setpriv", ["--pdeathsig", "KILL", program, ...args]);
    const child = spawn(outer, all, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, PATH: searchPath(), LC_ALL: "C" },
    });
    const children = this.#running.get(address) ?? new Set();
    this.#running.set(address, children.add(child));
    let complaint = "";
    child.stderr.on("data", (data: Buffer) => {
      complaint = (complaint + data.toString("utf8")).slice(-400);
    });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, firstMs[program]);
      // The first line is written when the first frame is.
      child.stdout.once("data", () => resolve()).resume();
      child.once("error", (cause) => reject(missing(outer, cause)));
      child.once("close", (code) => {
        clearTimeout(timer);
        children.delete(child);
        if (code === 127) reject(missing(program, new Error(complaint.trim())));
        // A frame that could not be sent is found out by the neighbours' own questions, later.
        else resolve();
      });
    });
  }
}
