import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { playTranscript } from "../../tools/transcript/transcript.ts";

// Compiled tests live in dist/test/core, the transcripts beside the sources.
const directory = fileURLToPath(new URL("../../../test/core/transcripts/", import.meta.url));
const names = readdirSync(directory).filter((name) => name.endsWith(".txt"));

describe("the failover core acts as its transcripts say", () => {
  for (const name of names) {
    it(name.replace(".txt", "").replaceAll("-", " "), () => {
      const path = directory + name;
      const written = readFileSync(path, "utf8");
      const played = playTranscript(written);
      if (process.env["UPDATE_TRANSCRIPTS"] === "1") writeFileSync(path, played);
      else assert.equal(played, written);
    });
  }

  it("there are transcripts at all", () => {
    assert.ok(names.length >= 25);
  });
});
