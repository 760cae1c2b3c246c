import assert from "node:assert/strict";
import { pairName } from "../../src/project/project.ts";
import { newProject, parseProject } from "../../src/project/project-document.ts";
import { pairsText, pairText, projectText, refusal } from "./support.ts";

const pair = {
  server: "Mill",
  protocol: "opcua",
  primary: { machine: "mill-a" },
  secondary: { machine: "mill-b", endpointUrl: "opc.tcp://mill-b:48010/UA" },
} as const;

const plant = projectText(`  <!-- the plant -->
  <pairs>
    <!-- hall 1 -->
    <pair>
      <protocol>opcua</protocol>   <!-- not DA -->
      <server>Plant</server>
      <queryServerStatusInterval> 250 <!-- fast --> </queryServerStatusInterval> <!-- see ticket 12 -->
      <primary><machine>a</machine></primary>
      <secondary>
        <machine>b</machine>
      </secondary>
    </pair>
  </pairs>`);

describe("editing a project", () => {
  const document = parseProject(plant, "plant.xml");

  it("writes a pair that was added to a new project in full view of its main settings", () => {
    assert.equal(
      newProject().addPair(pair).toString(),
      `<?xml version="1.0" encoding="UTF-8"?>
<redundancymaster version="2">
  <pairs>
    <pair>
      <server>Mill</server>
      <protocol>opcua</protocol>
      <primary>
        <machine>mill-a</machine>
      </primary>
      <secondary>
        <machine>mill-b</machine>
        <endpointUrl>opc.tcp://mill-b:48010/UA</endpointUrl>
      </secondary>
      <connectionMode>hot</connectionMode>
      <alwaysReconnectToPrimary>false</alwaysReconnectToPrimary>
      <queryServerStatusInterval>1000</queryServerStatusInterval>
      <queryServerStatusTimeout>500</queryServerStatusTimeout>
    </pair>
  </pairs>
</redundancymaster>
`,
    );
  });

  it("changes one value and nothing around it", () => {
    const edited = document.setValue("pairs/pair[1]/queryServerStatusInterval", 100);
    assert.equal(edited.project.pairs[0]?.queryServerStatusInterval, 100);
    assert.equal(edited.toString(), plant.replace(" 250 <!-- fast -->", " 100 <!-- fast -->"));
  });

  it("puts a new element where the schema has it, behind the comment of the line before", () => {
    const edited = document.setValue("pairs/pair[1]/queryServerStatusTimeout", 100);
    assert.equal(
      edited.toString(),
      plant.replace(
        "<!-- see ticket 12 -->",
        "<!-- see ticket 12 -->\n      <queryServerStatusTimeout>100</queryServerStatusTimeout>",
      ),
    );
  });

  it("keeps elements on one line where they are on one line", () => {
    const edited = document.setValue("pairs/pair[1]/primary/endpointUrl", "opc.tcp://a:1");
    assert.equal(
      edited.toString(),
      plant.replace("<machine>a</machine>", "<machine>a</machine><endpointUrl>opc.tcp://a:1</endpointUrl>"),
    );
  });

  it("indents as the file does and ends lines as the file does", () => {
    const text = projectText("\t<pairs>\n\t</pairs>").replaceAll("\n", "\r\n");
    const edited = parseProject(text, "plant.xml").addPair(pair).toString();
    assert.match(edited, /\r\n\t\t<pair>\r\n\t\t\t<server>Mill<\/server>\r\n/);
    assert.doesNotMatch(edited, /[^\r]\n/);
  });

  it("keeps a byte order mark", () => {
    const edited = parseProject(`\uFEFF${plant}`, "plant.xml").setValue("opcUa/port", 48401);
    assert.ok(edited.toString().startsWith("\uFEFF<?xml"));
  });

  it("leaves the document as it was; an edit gives another one", () => {
    document.setValue("opcUa/port", 48401);
    assert.equal(document.project.opcUa.port, 48400);
    assert.equal(document.toString(), plant);
  });

  it("gives the same document back when the value is set already", () => {
    assert.equal(document.setValue("pairs/pair[1]/queryServerStatusInterval", 250), document);
  });

  it("removes a pair with its lines and keeps the comments around it", () => {
    const edited = document.addPair(pair).removePair("plant");
    assert.deepEqual(edited.project.pairs.map(pairName), ["Mill"]);
    assert.match(
      edited.toString(),
      /<!-- the plant -->\n {2}<pairs>\n {4}<!-- hall 1 -->\n {4}<pair>\n {6}<server>Mill/,
    );
  });

  it("takes a value out with null, which means none or the default", () => {
    const edited = document.setValue("pairs/pair[1]/port", 5001);
    assert.equal(edited.setValue("pairs/pair[1]/port", null).toString(), plant);
    const slower = document.setValue("pairs/pair[1]/queryServerStatusInterval", null);
    assert.equal(slower.project.pairs[0]?.queryServerStatusInterval, 1000);
  });

  it("changes an entry of a list in place and keeps the comments of the others", () => {
    const text = pairsText(
      pairText(
        "A",
        "<monitorItems>\n<!-- 1 -->\n<monitorItem><itemId>a</itemId></monitorItem>\n<!-- 2 -->\n<monitorItem><itemId>b</itemId></monitorItem>\n</monitorItems>",
      ),
    );
    const edited = parseProject(text, "plant.xml")
      .setValue("pairs/pair[1]/monitorItems", [{ itemId: "x" }, { itemId: "b" }, { itemId: "c" }])
      .toString();
    assert.ok(
      edited.includes(
        "<!-- 1 -->\n<monitorItem><itemId>x</itemId></monitorItem>\n<!-- 2 -->\n<monitorItem><itemId>b<",
      ),
    );
    assert.match(edited, /<itemId>c<\/itemId>/);
  });

  it("aliases a pair and takes the alias back", () => {
    const aliased = document.setAlias("Plant", "Plant.Alias1");
    assert.equal(aliased.pathOfPair("plant.alias1"), "pairs/pair[1]");
    assert.equal(aliased.setAlias("Plant.Alias1", null).toString(), plant);
  });

  it("lets two pairs share a server once one is aliased", () => {
    const same = { ...pair, server: "Plant" };
    assert.equal(refusal(() => document.addPair(same)).code, "PROJECT_NAME_DUPLICATE");
    const both = document.setAlias("Plant", "Plant.Alias1").addPair(same);
    assert.deepEqual(both.project.pairs.map(pairName), ["Plant.Alias1", "Plant"]);
  });

  it("refuses to unalias while another pair is seen under the server's own name", () => {
    const both = document.setAlias("Plant", "Plant.Alias1").addPair({ ...pair, server: "Plant" });
    const error = refusal(() => both.setAlias("Plant.Alias1", null));
    assert.equal(error.code, "PAIR_UNALIAS_REFUSED");
    assert.equal(
      error.message,
      'plant.xml: pairs/pair[1]/alias: found another pair under the server\'s name "Plant", expected that pair to be aliased or removed first',
    );
  });

  it("says which pair may have been meant", () => {
    const error = refusal(() => document.removePair("Plnt"));
    assert.equal(error.code, "PAIR_UNKNOWN");
    assert.match(error.message, /Plant: did you mean that\?/);
    assert.equal(refusal(() => newProject().removePair("x")).code, "PAIR_UNKNOWN");
  });

  it("refuses paths that lead nowhere", () => {
    for (const path of [
      "",
      "opcUa/prot",
      "pairs/pair[2]/server",
      "pairs[1]",
      "opcUa/port/x",
      "version",
      "pairs/pair[0]",
    ]) {
      assert.equal(refusal(() => document.setValue(path, 1)).code, "PROJECT_PATH_UNKNOWN", path);
    }
  });

  it("refuses values the project does not admit, by the same rules as in a file", () => {
    const at = "pairs/pair[1]/queryServerStatusInterval";
    assert.equal(refusal(() => document.setValue(at, "fast")).path, at);
    assert.equal(refusal(() => document.setValue(at, 0)).code, "PROJECT_VALUE_INVALID");
    assert.equal(
      refusal(() => document.setValue("pairs/pair[1]/server", null)).code,
      "PROJECT_ELEMENT_MISSING",
    );
    assert.equal(
      refusal(() => document.setValue("notifications/header", "a\u0000")).code,
      "PROJECT_VALUE_INVALID",
    );
    const misspelt = { ...pair, conectionMode: "hot" };
    assert.match(refusal(() => document.addPair(misspelt)).message, /connectionMode: did you mean that\?/);
  });
});
