import assert from "node:assert/strict";
import fc from "fast-check";
import { migrate, migrations } from "../../src/project/migrations/migrate.ts";
import type { Migration } from "../../src/project/migrations/migration.ts";
import { parseProject } from "../../src/project/project-document.ts";
import { projectVersion } from "../../src/project/schema.ts";
import { readXmlTree } from "../../src/project/xml-tree.ts";
import { essence, refusalOf } from "./support.ts";

const versionOne = `<?xml version="1.0"?>
<!-- the plant -->
<redundancymaster version='1'>
  <pairs>
    <pair>
      <server>Boiler</server>
      <protocol>opcua</protocol>
      <primary><machine>a</machine></primary>
      <secondary><machine>b</machine></secondary>
      <failover>
        <failAfter>2</failAfter>
        <!-- not more than three an hour -->
        <switchBudget> 3 <!-- agreed --></switchBudget>
        <approval>manual</approval>
        <switchBudgetWindow>3600000</switchBudgetWindow>
        <bothBad>stay</bothBad>
      </failover>
    </pair>
  </pairs>
</redundancymaster>
`;

const versionTwo = `<?xml version="1.0"?>
<!-- the plant -->
<redundancymaster version='2'>
  <pairs>
    <pair>
      <server>Boiler</server>
      <protocol>opcua</protocol>
      <primary><machine>a</machine></primary>
      <secondary><machine>b</machine></secondary>
      <failover>
        <failAfter>2</failAfter>
        <!-- not more than three an hour -->
        <switchoverLimit>
          <switchovers> 3 <!-- agreed --></switchovers>
          <window>3600000</window>
        </switchoverLimit>
        <approval>manual</approval>
        <bothBad>stay</bothBad>
      </failover>
    </pair>
  </pairs>
</redundancymaster>
`;

const pairWith = (version: number, failover: string): string =>
  `<redundancymaster version="${version}"><pairs><pair><server>P</server><protocol>opcua</protocol>` +
  "<primary><machine>a</machine></primary><secondary><machine>b</machine></secondary>" +
  `${failover}</pair></pairs></redundancymaster>`;

describe("a project file of an older version", () => {
  it("is read with the settings it has in today's version, and says what will be written differently", () => {
    const document = parseProject(versionOne, "plant.xml");
    assert.deepEqual(document.project, parseProject(versionTwo, "plant.xml").project);
    assert.deepEqual(document.migration, {
      from: 1,
      to: 2,
      changes: [
        "pairs/pair[1]/failover/switchBudget and switchBudgetWindow become switchoverLimit/switchovers and switchoverLimit/window",
      ],
    });
    assert.equal(parseProject(versionTwo, "plant.xml").migration, null);
  });

  it("stays byte for byte as it is until something is changed, then comments and order are kept", () => {
    const document = parseProject(`\uFEFF${versionOne}`, "plant.xml");
    assert.equal(document.toString(), `\uFEFF${versionOne}`);
    assert.equal(document.withProject(document.project).toString(), `\uFEFF${versionOne}`);
    assert.equal(document.upgraded().toString(), `\uFEFF${versionTwo}`);
    const edited = document.setValue("pairs/pair[1]/failover/failAfter", 4);
    assert.equal(edited.toString(), `\uFEFF${versionTwo.replace("<failAfter>2", "<failAfter>4")}`);
    assert.equal(edited.migration, null);
  });

  it("has its faults named at the line where they stand in the file", () => {
    const late = versionOne.replace("<bothBad>stay", "<bothBad>worse");
    assert.deepEqual(essence(refusalOf(late)), [
      "PROJECT_VALUE_INVALID",
      "pairs/pair[1]/failover/bothBad",
      16,
    ]);
    const many = versionOne.replace(" 3 <", " 1001 <");
    const at = "pairs/pair[1]/failover/switchoverLimit/switchovers";
    assert.deepEqual(essence(refusalOf(many)), ["PROJECT_VALUE_INVALID", at, 13]);
  });

  for (const [what, element] of [
    ["a budget that is no number", "<switchBudget>many</switchBudget>"],
    ["two budgets", "<switchBudget>1</switchBudget><switchBudget>2</switchBudget>"],
    ["an empty window", "<switchBudget>1</switchBudget><switchBudgetWindow/>"],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const error = refusalOf(pairWith(1, `<failover>${element}</failover>`));
      assert.equal(error.code, "PROJECT_ELEMENT_UNKNOWN");
    });
  }

  it("is refused where its version is a later one, none, or no number", () => {
    for (const version of ["3", "0", "-1", "x", "1.0", ""]) {
      const error = refusalOf(`<redundancymaster version="${version}"/>`);
      assert.equal(error.code, "PROJECT_VERSION_UNSUPPORTED", version);
    }
    assert.match(
      refusalOf('<redundancymaster version="3"/>').message,
      /found 3, expected 1 or 2; a file of a later/,
    );
  });

  it("means the same as its settings written by hand in today's version", () => {
    const failover = fc.record(
      {
        failAfter: fc.integer({ min: 1, max: 1000 }),
        switchBudget: fc.nat({ max: 1000 }),
        switchBudgetWindow: fc.integer({ min: 1000, max: 86_400_000 }),
        approval: fc.constantFrom("automatic", "manual"),
      },
      { requiredKeys: [] },
    );
    const blank = fc.constantFrom("", " ", "\n    ", "\r\n\t", "<!-- c -->");
    fc.assert(
      fc.property(failover, blank, fc.boolean(), (settings, gap, reversed) => {
        const elements = Object.entries(settings).map(([name, value]) => `<${name}>${value}</${name}>`);
        const ordered = reversed ? elements.toReversed() : elements;
        const one = pairWith(1, `<failover>${gap}${ordered.map((each) => each + gap).join("")}</failover>`);
        const { switchBudget = 0, switchBudgetWindow, failAfter, approval } = settings;
        const window = switchBudgetWindow === undefined ? "" : `<window>${switchBudgetWindow}</window>`;
        const two = pairWith(
          2,
          `<failover>${failAfter === undefined ? "" : `<failAfter>${failAfter}</failAfter>`}${
            switchBudget === 0
              ? ""
              : `<switchoverLimit><switchovers>${switchBudget}</switchovers>${window}</switchoverLimit>`
          }${approval === undefined ? "" : `<approval>${approval}</approval>`}</failover>`,
        );
        const document = parseProject(one, "one.xml");
        assert.deepEqual(document.project, parseProject(two, "two.xml").project);
        const saved = parseProject(document.upgraded().toString(), "saved.xml");
        assert.deepEqual([saved.project, saved.migration], [document.project, null]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("migrations", () => {
  it("lead from version to version up to today's", () => {
    const steps = migrations.map(({ from, to }) => [from, to]);
    assert.deepEqual(
      steps,
      migrations.map((_, index) => [index + 1, index + 2]),
    );
    assert.equal(migrations.at(-1)?.to, projectVersion);
  });

  it("are carried out one after another, each on what the one before has made", () => {
    const append = (from: number): Migration => ({
      from,
      to: from + 1,
      summary: "",
      edit: (text, root) => ({
        splices: [{ start: root.contentEnd, end: root.contentEnd, replacement: `<v${from + 1}/>` }],
        changes: [`${text.length}`],
      }),
    });
    const text = '<r version="1"><a/></r>';
    const tree = readXmlTree(text);
    assert.ok(tree.ok);
    const { text: result, record, originOf } = migrate(text, tree.root, [append(1), append(2)]);
    assert.equal(result, '<r version="3"><a/><v2/><v3/></r>');
    assert.deepEqual(record, { from: 1, to: 3, changes: ["23", "28"] });
    assert.equal(originOf(result.indexOf("<a/>")), text.indexOf("<a/>"));
    assert.equal(originOf(result.indexOf("</r>")), text.indexOf("</r>"));
  });
});
