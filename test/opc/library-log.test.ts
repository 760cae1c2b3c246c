import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

/** In a process of its own: what node-opcua does while it is loaded, it does once. */
const program = (library: string): string => `
import { webcrypto } from "node:crypto";
let keys = 0;
const { generateKey } = webcrypto.subtle;
Object.getPrototypeOf(webcrypto.subtle).generateKey = function (...args) {
  keys += 1;
  return generateKey.apply(this, args);
};
const { redirectLibraryLog } = await import(${JSON.stringify(library)});
const lines = [];
redirectLibraryLog((severity, message) => lines.push({ severity, message }));
await import("node-opcua");
process.stdout.write(JSON.stringify({ lines, keys }));
`;

describe("node-opcua's own log", function () {
  this.timeout(20_000);

  const load = () => {
    const library = new URL("../../src/opc/ua/library-log.js", import.meta.url).href;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", program(library)], {
      encoding: "utf8",
      cwd: new URL("../../..", import.meta.url).pathname,
    });
    assert.equal(run.stderr, "");
    return JSON.parse(run.stdout) as {
      readonly lines: readonly { readonly severity: string; readonly message: string }[];
      readonly keys: number;
    };
  };

  it("goes to the sink as plain single lines from the moment it is loaded, and never to the console", () => {
    for (const { severity, message } of load().lines) {
      assert.match(severity, /^(warning|error)$/);
      assert.match(message, /^[\x20-\x7e]+$/);
    }
  });

  it("costs no key that nobody wants and every start and end would wait for", () => {
    assert.equal(load().keys, 0);
  });
});
