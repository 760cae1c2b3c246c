import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

/** In a process of its own: node-opcua warns once, while it is loaded. */
const program = (library: string): string => `
const { redirectLibraryLog } = await import(${JSON.stringify(library)});
const lines = [];
redirectLibraryLog((severity, message) => lines.push({ severity, message }));
await import("node-opcua");
process.stdout.write(JSON.stringify(lines));
`;

describe("node-opcua's own log", function () {
  this.timeout(20_000);

  it("goes to the sink as plain single lines from the moment it is loaded, and never to the console", () => {
    const library = new URL("../../src/opc/ua/library-log.js", import.meta.url).href;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", program(library)], {
      encoding: "utf8",
      cwd: new URL("../../..", import.meta.url).pathname,
    });
    assert.equal(run.stderr, "");
    const lines = JSON.parse(run.stdout) as { readonly severity: string; readonly message: string }[];
    for (const { severity, message } of lines) {
      assert.match(severity, /^(warning|error)$/);
      assert.match(message, /^[\x20-\x7e]+$/);
    }
  });
});
