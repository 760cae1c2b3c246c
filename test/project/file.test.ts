import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { newProject, parseProject } from "../../src/project/project-document.ts";
import { ProjectError } from "../../src/project/project-error.ts";
import { readProject, saveProject } from "../../src/project/project-file.ts";
import { pairsText, pairText, withDirectory } from "./support.ts";

const onUnix = process.platform === "win32" ? it.skip : it;

function withCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ProjectError && error.code === code;
}

describe("the project file on disk", () => {
  it("is read and saved byte for byte", async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, "redundancymaster.xml");
      const text = `\uFEFF${pairsText(pairText("Plant"), "<!-- ß 日本 -->").replaceAll("\n", "\r\n")}\n \n`;
      await writeFile(file, text);
      const document = await readProject(file);
      assert.equal(document.file, file);
      await saveProject(document, file);
      assert.equal(await readFile(file, "utf8"), text);
    });
  });

  it("is said not to be there", async () => {
    await withDirectory(async (directory) => {
      await assert.rejects(readProject(join(directory, "none.xml")), withCode("PROJECT_NOT_FOUND"));
    });
  });

  it("is refused when it is a directory", async () => {
    await withDirectory(async (directory) => {
      await assert.rejects(readProject(directory), withCode("PROJECT_UNREADABLE"));
    });
  });

  onUnix("is refused when it is a pipe, without waiting for its writer", async () => {
    await withDirectory(async (directory) => {
      const pipe = join(directory, "pipe");
      execFileSync("mkfifo", [pipe]);
      await assert.rejects(readProject(pipe), withCode("PROJECT_UNREADABLE"));
    });
  });

  it("is refused by its size before it is read", async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, "huge.xml");
      await writeFile(file, "");
      await truncate(file, 2 ** 40).catch(() => truncate(file, 2 ** 30));
      await assert.rejects(readProject(file), withCode("PROJECT_TOO_LARGE"));
    });
  });

  it("is refused when it is not in UTF-8", async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, "latin.xml");
      await writeFile(file, Buffer.from(pairsText(pairText("Gr\u00fcn")), "latin1"));
      await assert.rejects(readProject(file), withCode("PROJECT_ENCODING_INVALID"));
      await writeFile(file, Buffer.from(`\uFEFF${pairsText()}`, "utf16le"));
      await assert.rejects(readProject(file), /found UTF-16, expected a file in UTF-8/);
    });
  });

  onUnix("keeps its mode when it is saved, and a link stays a link", async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, "real.xml");
      const link = join(directory, "redundancymaster.xml");
      await saveProject(newProject(), file);
      await chmod(file, 0o640);
      await symlink("real.xml", link);
      await saveProject(parseProject(pairsText(pairText("Plant")), link), link);
      assert.equal(await readlink(link), "real.xml");
      assert.equal((await stat(file)).mode & 0o777, 0o640);
      assert.equal((await readProject(file)).project.pairs.length, 1);
      assert.deepEqual((await readdir(directory)).sort(), ["real.xml", "redundancymaster.xml"]);
    });
  });

  it("is as it was when it cannot be saved, and nothing is left behind", async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, "occupied");
      await mkdir(join(file, "by-a-directory"), { recursive: true });
      await assert.rejects(saveProject(newProject(), file), withCode("PROJECT_UNWRITABLE"));
      assert.deepEqual(await readdir(directory), ["occupied"]);
      const nowhere = join(directory, "no", "such", "redundancymaster.xml");
      await assert.rejects(saveProject(newProject(), nowhere), withCode("PROJECT_UNWRITABLE"));
    });
  });

  it("is never seen half written", async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, "redundancymaster.xml");
      const pairs = Array.from({ length: 200 }, (_, index) => pairText(`Plant.${index}`));
      const small = parseProject(pairsText(pairText("Plant")), file);
      const large = parseProject(pairsText(...pairs), file);
      await saveProject(small, file);
      let saving = true;
      const reading = (async () => {
        const seen = new Set<number>();
        while (saving) seen.add((await readProject(file)).project.pairs.length);
        return seen;
      })();
      for (let round = 0; round < 20; round += 1) {
        await saveProject(round % 2 === 0 ? large : small, file);
      }
      saving = false;
      for (const count of await reading) assert.ok(count === 1 || count === 200, `${count} pairs`);
    });
  });
});
