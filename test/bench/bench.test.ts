import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const main = fileURLToPath(new URL("../../tools/bench/main.js", import.meta.url));

interface Output {
  readonly rows: readonly Readonly<Record<string, number | string | null>>[];
}

describe("The bench program", () => {
  it("prints one JSON object in which direct and relayed values are complete", async () => {
    const args = ["ua-throughput", "--json", "--quiet", "--paths", "direct,relay", "--items", "200"];
    const { stdout } = await promisify(execFile)(process.execPath, [
      main,
      ...args,
      ...["--repeats", "1", "--duration", "1000", "--reads", "50"],
    ]);
    const { rows } = JSON.parse(stdout) as Output;
    assert.deepEqual(
      rows.map(({ path, items, offered, delivered, lost, duplicated }) => [
        path,
        items,
        offered,
        delivered,
        lost,
        duplicated,
      ]),
      [
        ["direct", 200, 2000, 2000, 0, 0],
        ["relay", 200, 2000, 2000, 0, 0],
      ],
    );
  }).timeout(60_000);

  it("says which options are wrong", async () => {
    await assert.rejects(
      promisify(execFile)(process.execPath, [main, "ua-throughput", "--paths", "train"]),
      (error) => {
        const { code, stderr } = error as { readonly code: number; readonly stderr: string };
        assert.equal(code, 2);
        assert.match(stderr, /--paths knows direct, relay, cold, warm, hot, haproxy, not "train"/);
        return true;
      },
    );
  });
});
