import { once } from "node:events";
import type { HostName, Lab } from "../../../test/servers/support/lab.ts";

/**
 * Runs a program of the bench on a host of a lab to its end; it is told its order as JSON, its only argument, and
 * writes each result as a line of JSON. What it leaves in its directory for temporary files is the caller's to remove.
 * Rejects where it fails.
 */
export async function runInLab<Order, Result>(
  lab: Lab,
  host: HostName,
  program: string,
  order: Order,
  directory: string,
  onResult: (result: Result, all: readonly Result[]) => void,
): Promise<readonly Result[]> {
  const child = lab.spawn(host, process.execPath, [program, JSON.stringify(order)], {
    TMPDIR: directory,
  });
  const results: Result[] = [];
  let complaint = "";
  let rest = "";
  child.stderr?.on("data", (data: Buffer) => {
    complaint = (complaint + data.toString()).slice(-2000);
  });
  child.stdout?.on("data", (data: Buffer) => {
    const lines = (rest + data.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const result = JSON.parse(line) as Result;
      results.push(result);
      onResult(result, results);
    }
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`A measurement ended with ${code}: ${complaint}`);
  return results;
}

/** The other end: what this program is told to do. */
export function orderOf<Order>(): Order {
  return JSON.parse(process.argv[2] ?? "") as Order;
}

export function tell<Result>(result: Result): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
