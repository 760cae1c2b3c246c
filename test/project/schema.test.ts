import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { Field } from "../../src/project/field.ts";
import { readProject } from "../../src/project/project-file.ts";
import { projectField } from "../../src/project/schema.ts";
import { projectPage } from "../../tools/docs/project-page.ts";

describe("the schema of the project", () => {
  it("describes exactly the TypeScript types of src/project/project.ts", async function () {
    this.timeout(60_000);
    const root = resolve(".");
    const directory = await mkdtemp(join(root, "dist", "schema-"));
    try {
      const types = join(root, "src/project/project.ts");
      await writeFile(
        join(directory, "agree.ts"),
        `import type { Project } from ${JSON.stringify(types)};
type FromSchema = ${typeOf(projectField)};
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export const same: Same<FromSchema, Plain<Project>> = true;
type Plain<T> = T extends readonly (infer Item)[]
  ? readonly Plain<Item>[]
  : T extends object ? { readonly [Key in keyof T]: Plain<T[Key]> } : T;
`,
      );
      await writeFile(
        join(directory, "tsconfig.json"),
        JSON.stringify({
          extends: join(root, "tsconfig.json"),
          compilerOptions: {
            noEmit: true,
            rewriteRelativeImportExtensions: false,
            incremental: false,
            rootDir: "/",
          },
          files: ["agree.ts"],
        }),
      );
      const compiler = join(
        dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
        "bin/tsc",
      );
      try {
        execFileSync(process.execPath, [compiler, "-p", directory], { encoding: "utf8", stdio: "pipe" });
      } catch (error) {
        assert.fail(`schema and types differ: ${(error as { readonly stdout: string }).stdout}`);
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("has a title and a description for every element, and a default or a duty to be given", () => {
    const visit = (field: Field, name: string): void => {
      assert.notEqual(field.title, "", name);
      assert.match(field.description, /\.$/, name);
      if (field.kind === "array") visit(field.item, `${name}/${field.element}`);
      if (field.kind !== "object") return;
      for (const [key, property] of field.properties) {
        assert.equal(field.required.has(key), property.default === undefined, `${name}/${key}`);
        visit(property, `${name}/${key}`);
      }
    };
    visit(projectField, "");
  });

  it("is what docs/project-file.md says", () => {
    assert.equal(readFileSync("docs/project-file.md", "utf8"), projectPage(), "run tools/docs/main.ts");
  });
});

describe("the sample project", () => {
  it("is a project without a fault, with one pair for each connection mode", async () => {
    const { project } = await readProject("redundancymaster.xml");
    assert.deepEqual(
      project.pairs.map(({ server, alias, connectionMode }) => [server, alias, connectionMode]),
      [
        ["Plant.Server", null, "hot"],
        ["Plant.Server", "Plant.Server.Warm", "warm"],
        ["Plant.Server", "Plant.Server.Cold", "cold"],
      ],
    );
  });

  it("listens on loopback alone", async () => {
    const { project } = await readProject("redundancymaster.xml");
    assert.equal(project.opcUa.host, "127.0.0.1");
  });
});

/** The TypeScript type of a field, written out. */
function typeOf(field: Field): string {
  const type = plainTypeOf(field);
  return field.nullable ? `(${type} | null)` : type;
}

function plainTypeOf(field: Field): string {
  switch (field.kind) {
    case "object":
      return `{ ${[...field.properties].map(([name, property]) => `readonly ${name}: ${typeOf(property)}`).join("; ")} }`;
    case "array":
      return `readonly ${typeOf(field.item)}[]`;
    case "string":
      return field.values === null
        ? "string"
        : `(${field.values.map((value) => JSON.stringify(value)).join(" | ")})`;
    case "integer":
      return field.minimum === field.maximum ? `${field.minimum}` : "number";
    case "boolean":
      return "boolean";
  }
}
