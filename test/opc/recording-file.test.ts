import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Input } from "../../src/core/input.ts";
import { initialState, type PairState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { type RecordedLine, replay } from "../../src/host/recorded-input.ts";
import { RecordingFile, recordingFile } from "../../src/opc/recording-file.ts";
import { policyOf } from "../../src/project/policy.ts";
import { newProject } from "../../src/project/project-document.ts";

const policy = policyOf(
  newProject().addPair({
    server: "Boiler",
    protocol: "opcua",
    primary: { machine: "a" },
    secondary: { machine: "b" },
  }).project.pairs[0] ?? assert.fail(),
);

/** What a host records of a pair that is enabled and whose probes are answered for a while. */
function* inputs(count: number): Generator<Input> {
  yield { kind: "enable", reason: "test" };
  yield { kind: "linkUp", member: "primary", linkId: 1 };
  for (let probeId = 1; probeId <= count; probeId++)
    yield { kind: "probeAnswered", member: "primary", probeId };
}

async function linesOf(file: string): Promise<RecordedLine[]> {
  const text = await readFile(file, "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RecordedLine);
}

describe("the recording of a pair", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-recording-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function record(maximumBytes: number, count: number): Promise<PairState> {
    const recording = new RecordingFile(recordingFile(directory, "Plant/1"), maximumBytes);
    let state = initialState(policy);
    let nowMs = 0;
    for (const input of inputs(count)) {
      nowMs += 10;
      recording.record({ nowMs, input }, state);
      ({ state } = step(state, input, nowMs));
      // every so often what is pending reaches the disk, as it does with time
      if (nowMs % 500 === 0) await recording.close();
    }
    await recording.close();
    return state;
  }

  it("replays to the state the pair was in", async () => {
    const state = await record(1024 * 1024, 20);
    const replayed = [...replay(await linesOf(recordingFile(directory, "Plant/1")))].at(-1);
    assert.equal(JSON.stringify(replayed?.done.state), JSON.stringify(state));
  });

  it("stays bounded, and its newest file makes sense without the older ones", async () => {
    const state = await record(32 * 1024, 3000);
    const names = (await readdir(join(directory, "recordings"))).toSorted();
    assert.deepEqual(names, ["Plant%2F1.jsonl", "Plant%2F1.jsonl.1"]);
    const replayed = [...replay(await linesOf(recordingFile(directory, "Plant/1")))].at(-1);
    assert.equal(JSON.stringify(replayed?.done.state), JSON.stringify(state));
  });

  it("does not get in the way where the disk cannot be written", async () => {
    await writeFile(join(directory, "file"), "in the way");
    const recording = new RecordingFile(join(directory, "file", "Boiler.jsonl"));
    recording.record({ nowMs: 1, input: { kind: "enable", reason: "test" } }, initialState(policy));
    await recording.close();
  });
});
