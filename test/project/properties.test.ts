import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { NewPair } from "../../src/project/pairs.ts";
import { pairName } from "../../src/project/project.ts";
import { newProject, type ProjectDocument, parseProject } from "../../src/project/project-document.ts";
import { ProjectError } from "../../src/project/project-error.ts";
import { encodeXmlValue, readXmlValue } from "../../src/project/xml-text.ts";
import { awkwardText, newPair, newPairs } from "./arbitraries.ts";
import { pairsText, pairText, projectText } from "./support.ts";

type Edit = (document: ProjectDocument) => ProjectDocument;

/** The edit, or the document as it was where the edit is refused. */
function attempt(document: ProjectDocument, edit: Edit): ProjectDocument {
  try {
    return edit(document);
  } catch (error) {
    if (error instanceof ProjectError) return document;
    throw error;
  }
}

const pairIndex = fc.nat({ max: 3 });

function onPair(index: number, suffix: string, value: unknown): Edit {
  return (document) => document.setValue(`pairs/pair[${index + 1}]${suffix}`, value);
}

function nameAt(document: ProjectDocument, index: number): string {
  const pair = document.project.pairs[index];
  return pair === undefined ? "" : pairName(pair);
}

/** Edits that take no element away but values. */
const keepingEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc
    .tuple(pairIndex, fc.integer({ min: 10, max: 9999 }))
    .map(([index, value]) => onPair(index, "/queryServerStatusInterval", value)),
  fc
    .tuple(pairIndex, fc.integer({ min: 10, max: 99 }))
    .map(([index, value]) => onPair(index, "/failover/reconnectInterval", value)),
  fc
    .tuple(pairIndex, fc.constantFrom("host-a", "host-b"))
    .map(([index, value]) => onPair(index, "/secondary/machine", value)),
  fc
    .tuple(pairIndex, awkwardText)
    .map(([index, text]) => onPair(index, "/notifications", { header: text, footer: text })),
  fc
    .tuple(pairIndex, awkwardText)
    .map(([index, text]) => onPair(index, "/monitorItems", [{ itemId: `a${text}` }, { itemId: "b" }])),
  fc.tuple(pairIndex, fc.constantFrom("A.1", "B.2", "C.3")).map(([index, alias]): Edit => {
    return (document) => document.setAlias(nameAt(document, index), alias);
  }),
  newPair.map(
    (pair): Edit =>
      (document) =>
        document.addPair(pair),
  ),
  awkwardText.map(
    (text): Edit =>
      (document) =>
        document.setValue("notifications/footer", text),
  ),
  fc.boolean().map(
    (value): Edit =>
      (document) =>
        document.setValue("opcUa/allowAnonymous", value),
  ),
);

const removingEdit: fc.Arbitrary<Edit> = fc.oneof(
  pairIndex.map(
    (index): Edit =>
      (document) =>
        document.removePair(nameAt(document, index)),
  ),
  pairIndex.map((index) => onPair(index, "/monitorItems", null)),
  pairIndex.map((index) => onPair(index, "/port", null)),
  pairIndex.map((index) => onPair(index, "/failover", null)),
  fc.constant<Edit>((document) => document.setValue("pairs", null)),
);

function commentsOf(text: string): readonly string[] {
  return [...text.matchAll(/<!--[\s\S]*?-->/g)].map(([comment]) => comment);
}

const commented = pairText("Plant", "<!-- d --><port>5001</port><!-- e --><failover><!-- f --></failover>");
const handWritten: readonly string[] = [
  readFileSync("redundancymaster.xml", "utf8"),
  `${pairsText(`<!-- b -->${commented}<!-- c -->`, pairText("Mill"))}<!-- z -->\n`,
  projectText("<!-- nothing yet -->"),
  '<!-- a --><redundancymaster version="1"/><!-- b -->',
  `<redundancymaster version='1'><pairs >${commented}<!-- x --></pairs ><!-- y --></redundancymaster >`,
  projectText("\t<opcUa>\n\t\t<port>1</port> <!-- one -->\n\t</opcUa>\n\t<pairs/><!-- none -->").replaceAll(
    "\n",
    "\r\n",
  ),
];

describe("properties of the project file", () => {
  it("reads back every text it can write", () => {
    fc.assert(
      fc.property(awkwardText, (text) => {
        assert.deepEqual(readXmlValue(encodeXmlValue(text), 0), { ok: true, text });
      }),
      { numRuns: 1000 },
    );
  });

  it("reads back every project it has written, and writes it again byte for byte", () => {
    fc.assert(
      fc.property(newPairs, awkwardText, (pairs: readonly NewPair[], text) => {
        const written = newProject().withProject({ version: 1, notifications: { header: text }, pairs });
        const read = parseProject(written.toString(), "plant.xml");
        assert.deepEqual(read.project, written.project);
        assert.equal(read.toString(), written.toString());
        assert.equal(read.withProject(written.project).toString(), written.toString());
      }),
      { numRuns: 200 },
    );
  });

  it("gives the same settings whether pairs are written at once or added one by one", () => {
    fc.assert(
      fc.property(newPairs, (pairs) => {
        const atOnce = newProject().withProject({ version: 1, pairs });
        const oneByOne = pairs.reduce<ProjectDocument>(
          (document, pair) => document.addPair(pair),
          newProject(),
        );
        assert.equal(oneByOne.toString(), atOnce.toString());
      }),
      { numRuns: 100 },
    );
  });

  it("saves a hand-written file byte for byte when nothing was changed", () => {
    for (const text of handWritten) {
      const document = parseProject(text, "plant.xml");
      assert.equal(document.toString(), text);
      assert.equal(document.withProject(document.project).toString(), text);
    }
  });

  it("keeps every comment of a hand-written file through edits, and each edit does what it says", () => {
    fc.assert(
      fc.property(fc.constantFrom(...handWritten), fc.array(keepingEdit, { maxLength: 8 }), (text, edits) => {
        const edited = edits.reduce(attempt, parseProject(text, "plant.xml"));
        assert.deepEqual(commentsOf(edited.toString()), commentsOf(text));
        assert.deepEqual(parseProject(edited.toString(), "plant.xml").project, edited.project);
      }),
      { numRuns: 300 },
    );
  });

  it("loses a comment only with the element around it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...handWritten),
        fc.array(fc.oneof(keepingEdit, removingEdit), { maxLength: 8 }),
        (text, edits) => {
          const edited = edits.reduce(attempt, parseProject(text, "plant.xml"));
          const outside = commentsOf(text.replace(/<pair>[\s\S]*?<\/pair>/g, ""));
          assert.deepEqual(
            commentsOf(edited.toString()).filter((comment) => outside.includes(comment)),
            outside,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it("takes back what it added: adding and removing a pair restores the settings", () => {
    fc.assert(
      fc.property(fc.constantFrom(...handWritten), newPair, (text, pair) => {
        const before = parseProject(text, "plant.xml");
        const added = attempt(before, (document) => document.addPair(pair));
        if (added === before) return;
        const removed = added.removePair(pair.alias ?? pair.server);
        assert.deepEqual(removed.project, before.project);
      }),
      { numRuns: 100 },
    );
  });

  it("answers garbage with a ProjectError and nothing else", () => {
    const fragment = fc.oneof(
      fc.constantFrom(
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<!DOCTYPE",
        "&",
        ";",
        '"',
        "'",
        "=",
      ),
      fc.constantFrom(
        "<redundancymaster version='1'>",
        "</redundancymaster>",
        "<pairs>",
        "<pair>",
        "</pair>",
        "</pairs>",
      ),
      fc.constantFrom(
        "<server>",
        "</server>",
        "<__proto__>",
        "constructor",
        "version",
        "1",
        "x",
        " ",
        "\n",
        "\u0000",
      ),
      fc.string({ unit: "binary", maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 40 }), (fragments) => {
        attemptToRead(fragments.join(""));
      }),
      { numRuns: 3000 },
    );
  });

  it("answers a damaged project with a ProjectError and nothing else", () => {
    const [sample = ""] = handWritten;
    fc.assert(
      fc.property(
        fc.nat({ max: sample.length }),
        fc.nat({ max: 40 }),
        fc.string({ maxLength: 5 }),
        (at, length, put) => {
          attemptToRead(sample.slice(0, at) + put + sample.slice(at + length));
        },
      ),
      { numRuns: 500 },
    );
  });
});

function attemptToRead(text: string): void {
  try {
    parseProject(text, "plant.xml");
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    assert.ok(error.message.length < 2000);
  }
}
