import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../control/helpers.ts";
import { type Bench, createBench } from "./helpers.ts";

describe("the command line on pairs for OPC DA clients", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let bench: Bench;
  const project = () => readFileSync(join(directory.path, "redundancymaster.xml"), "utf8");

  beforeEach(() => {
    directory = temporaryDirectory();
    const empty =
      '<?xml version="1.0" encoding="UTF-8"?>\n<redundancymaster version="1">\n</redundancymaster>\n';
    writeFileSync(join(directory.path, "redundancymaster.xml"), empty);
    bench = createBench(directory.path, join(directory.path, "state"));
  });
  afterEach(async () => {
    await bench.endAll();
    directory.remove();
  });

  it("takes two OPC DA servers of one machine, each with a ProgID of its own", async () => {
    const places = ["--primary", "opcda://localhost/Mill.1", "--secondary", "opcda://localhost/Mill.2"];
    const added = await bench.run("pair", "add", "Mill", "--protocol", "opcda", ...places);
    assert.equal(added.code, 0, added.stderr);
    assert.equal((await bench.run("check")).code, 0);
    assert.match(project(), /<endpointUrl>opcda:\/\/localhost\/Mill\.2<\/endpointUrl>/);
    const mixed = await bench.run("pair", "add", "Mixed", ...places);
    assert.equal(mixed.code, 2);
    assert.match(mixed.stderr, /^error PROJECT_VALUE_INVALID: .*endpointUrl/);
  });

  it("lets OPC DA clients into a pair of OPC UA servers whose name can be a ProgID", async () => {
    const places = ["--primary", "plc-a", "--secondary", "plc-b", "--opc-da-clients"];
    assert.equal((await bench.run("pair", "add", "Boiler", ...places)).code, 0);
    assert.match(project(), /<opcDaClients>true<\/opcDaClients>/);
    const refused = await bench.run("pair", "add", "4711-boiler-house", ...places);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^error PROJECT_VALUE_INVALID: .*a ProgID/);
  });

  it("changes nothing in a dry run", async () => {
    await bench.run("pair", "add", "Mill", "--protocol", "opcda", "--primary", "a", "--secondary", "b");
    const before = project();
    for (const args of [
      ["alias", "Mill", "Mill.West"],
      ["remove", "Mill"],
      ["enable", "Mill"],
      ["disable", "Mill"],
    ]) {
      const { code, stdout, stderr } = await bench.run("pair", ...args, "--dry-run");
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "Nothing would change in a registry.\n");
    }
    assert.equal(project(), before);
    assert.match((await bench.run("pair", "list")).stdout, /Mill +disabled/);
    assert.equal((await bench.run("pair", "unalias", "Nobody", "--dry-run")).code, 1);
  });
});
