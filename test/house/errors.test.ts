import assert from "node:assert/strict";
import { projectErrorMeanings } from "../../src/project/project-error.ts";
import { repositoryFiles, textOf } from "./sources.ts";

/** A code given to an error's constructor or to a function that makes one. */
const given = /(?:\w*[eE]rror|super|\brefuse)\(\s*"([A-Z]+(?:_[A-Z]+)*)"|\bcode: "([A-Z]+(?:_[A-Z]+)+)"/g;

describe("docs/errors.md", () => {
  const sources = repositoryFiles("src").filter((path) => path.endsWith(".ts"));
  const code = sources.map(textOf).join("\n");
  const page = textOf("docs/errors.md");

  it("explains every code that an error can have", () => {
    const codes = new Set([...code.matchAll(given)].map(([, first, second]) => first ?? second ?? ""));
    for (const known of Object.keys(projectErrorMeanings)) codes.add(known);
    assert.ok(codes.size > 50, "codes are found at all");
    assert.deepEqual([...codes].filter((each) => !page.includes(`\`${each}\``)).sort(), []);
  });

  it("explains no code that has gone", () => {
    const explained = [...page.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(
      ([, cell]) => cell?.match(/[A-Z_]{3,}/g) ?? [],
    );
    assert.ok(explained.length > 50);
    assert.deepEqual(
      explained.filter((each) => !code.includes(`"${each}"`) && !(each in projectErrorMeanings)),
      [],
    );
  });

  it("says of a fault in a project what the code says", () => {
    for (const [each, meaning] of Object.entries(projectErrorMeanings)) {
      const line = page.split("\n").find((text) => text.startsWith(`| \`${each}\` |`)) ?? "";
      assert.equal(line.replaceAll("`", ""), `| ${each} | ${meaning} |`);
    }
  });
});
