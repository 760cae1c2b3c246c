import { readFileSync, writeFileSync } from "node:fs";
import { playTranscript } from "./transcript.ts";

/** Writes the named transcripts anew: `node dist/tools/transcript/main.js FILE...` */
for (const file of process.argv.slice(2)) {
  writeFileSync(file, playTranscript(readFileSync(file, "utf8")));
}
