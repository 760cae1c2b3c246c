import assert from "node:assert/strict";
import { maximumProjectBytes } from "../../src/project/parse-project.ts";
import { parseProject } from "../../src/project/project-document.ts";
import { ProjectError } from "../../src/project/project-error.ts";
import { projectText } from "./support.ts";

/** As often as it fits into the largest file. */
function filled(piece: string, around = 500): string {
  return piece.repeat(Math.floor((maximumProjectBytes - around) / piece.length));
}

const root = '<redundancymaster version="1"';

describe("a project file of the largest size that means harm", () => {
  const texts: Readonly<Record<string, string>> = {
    "nested elements": filled("<a>"),
    "empty elements": `${root}>${filled("<a/>")}</redundancymaster>`,
    "closing tags": `${root}>${filled("</a>")}`,
    "one huge attribute": `${root} a="${filled("x")}"/>`,
    "very many attributes": `${root} ${Array.from({ length: 250_000 }, (_, index) => `a${index}=""`).join(" ")}/>`,
    "a tag of blanks": `${root}${filled(" ")}/>`,
    "a tag of quotes": `${root} ${filled('"')}/>`,
    "a huge name": `<${filled("a")}/>`,
    "a huge value": projectText(`<opcUa><host>${filled("a")}</host></opcUa>`),
    "a huge endpoint URL": projectText(
      `<pairs><pair><primary><endpointUrl>opc.tcp://${filled("a:")}</endpointUrl></primary></pair></pairs>`,
    ),
    "a value of entities": projectText(`<opcUa><host>${filled("&amp;")}</host></opcUa>`),
    "a value between comments": projectText(`<opcUa><host>${filled("<!----> ")}</host></opcUa>`),
    "comments that do not end": projectText(filled("<!-- <")),
    "CDATA that does not end": projectText(filled("<![CDATA[")),
    "very many pairs": projectText(`<pairs>${"<pair/>".repeat(190_000)}</pairs>`),
    "a thousand empty pairs": projectText(`<pairs>${"<pair/>".repeat(1000)}</pairs>`),
  };
  for (const [what, text] of Object.entries(texts)) {
    it(`is answered within seconds: ${what}`, function () {
      this.timeout(10_000);
      const started = performance.now();
      try {
        parseProject(text, "plant.xml");
      } catch (error) {
        assert.ok(error instanceof ProjectError);
      }
      assert.ok(performance.now() - started < 10_000);
    });
  }

  it("is refused before it is parsed when it is larger", () => {
    assert.throws(
      () => parseProject(" ".repeat(maximumProjectBytes + 1), "plant.xml"),
      (error: unknown) => error instanceof ProjectError && error.code === "PROJECT_TOO_LARGE",
    );
  });
});
