import assert from "node:assert/strict";
import { type Import, importsOf, repositoryFiles, textOf } from "./sources.ts";

const lineLimit = 400;

/** What each part of src may import beside itself. Parts not named here do not exist yet. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  diagnostics: ["core"],
  notify: ["core", "diagnostics"],
  project: ["core", "diagnostics"],
  control: ["core", "diagnostics", "notify", "project"],
  host: ["core", "diagnostics", "control"],
  opc: ["core", "diagnostics", "notify", "project", "control", "host"],
  servers: ["core", "diagnostics", "notify", "project", "control", "host"],
  manage: ["core", "diagnostics", "project", "control", "opc"],
  console: ["core", "diagnostics", "notify", "project", "control", "host", "opc", "servers", "manage"],
  cli: ["core", "diagnostics", "notify", "project", "control", "host", "opc", "servers", "manage", "console"],
};

/** Words and places that say nothing about the product. Put together so that this file does not contain them. */
const foreign: readonly RegExp[] = [
  new RegExp(`(^|[\\s"'\`(=])/${"work"}/`, "m"),
  new RegExp(`(^|[\\s"'\`(=])/${"tmp"}/`, "m"),
  new RegExp(`\\b${"TO"}DO\\b|\\b${"FIX"}ME\\b`),
  new RegExp(`\\b(${"Chat"}GPT|${"Cl"}aude|${"Anth"}ropic|${"Open"}AI)\\b`, "i"),
  new RegExp(`\\b${"A"}I (agent|assistant|generated)\\b`, "i"),
];

describe("the house", () => {
  const files = repositoryFiles();
  const sources = files.filter((path) => /\.(ts|mts|cts)$/.test(path));
  const imports = sources.filter((path) => path.startsWith("src/")).flatMap(importsOf);

  it("imports in one direction only", () => {
    assert.ok(imports.length > 100, "imports are found at all");
    assert.deepEqual(imports.filter(isAgainstTheRules).map(text), []);
  });

  it("keeps the failover core free of everything outside, Node.js included", () => {
    const fromCore = imports.filter(({ from }) => from.startsWith("src/core/"));
    assert.ok(fromCore.length > 0);
    assert.deepEqual(fromCore.filter(({ to }) => !to.startsWith("src/core/")).map(text), []);
  });

  it("knows node-opcua only in src/opc/ua and where OPC DA is mapped to OPC UA", () => {
    const uses = imports.filter(({ to }) => /^node-opcua/.test(to));
    assert.ok(uses.length > 0);
    assert.deepEqual(uses.filter(({ from }) => !/^src\/opc\/(ua|da\/mapping)\//.test(from)).map(text), []);
  });

  it("has no files that import each other in a circle when they are loaded", () => {
    assert.deepEqual(circles(imports.filter(({ isRelative, isTypeOnly }) => isRelative && !isTypeOnly)), []);
  });

  it(`has no source file of more than ${lineLimit} lines`, () => {
    const long = sources
      .map((path) => ({ path, lines: textOf(path).split("\n").length - 1 }))
      .filter(({ lines }) => lines > lineLimit)
      .map(({ path, lines }) => `${path}: ${lines}`);
    assert.deepEqual(long, []);
  });

  it("speaks of the product alone: no paths of a machine, no unfinished business", () => {
    const readable = files.filter((path) => !/\.(png|ico|gz|zip|dll|exe|bin|der)$/.test(path));
    const found = readable.flatMap((path) => {
      const content = textOf(path);
      return foreign
        .filter((pattern) => pattern.test(content))
        .map((pattern) => `${path}: ${pattern.exec(content)?.[0]?.trim()}`);
    });
    assert.deepEqual(found, []);
  });

  it("locks packages by version and content, and names no registry", () => {
    assert.ok(
      !/"resolved":\s*"https?:/.test(textOf("package-lock.json")),
      "run npm install with --omit-lockfile-registry-resolved",
    );
  });
});

function isAgainstTheRules({ from, to, isRelative }: Import): boolean {
  if (!isRelative) return false;
  if (to.startsWith("config/")) return !from.startsWith("src/project/");
  if (!to.startsWith("src/")) return true;
  const [here, there] = [partOf(from), partOf(to)];
  return here !== there && !(allowed[here] ?? []).includes(there);
}

/** The folder below src. */
function partOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function text({ from, to }: Import): string {
  return `${from} imports ${to}`;
}

/** Each circle once, as a list of files; depth-first search with the files on the way marked. */
function circles(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const start = way.indexOf(file);
    if (start >= 0) {
      found.push([...way.slice(start), file].join(" -> "));
      return;
    }
    if (done.has(file)) return;
    for (const each of next.get(file) ?? []) visit(each, [...way, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}
