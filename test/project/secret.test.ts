import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UnderstudyError } from "../../src/core/error.ts";
import { resolveSecret } from "../../src/project/secret.ts";
import { withDirectory } from "./support.ts";

function withCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof UnderstudyError && error.code === code;
}

describe("secrets a project refers to", () => {
  const context = {
    environment: { PASSWORD: "geheim", EMPTY: "" },
    projectFile: "/etc/understudy/redundancymaster.xml",
  };

  it("come from the environment", async () => {
    assert.equal(await resolveSecret("env:PASSWORD", context), "geheim");
    await assert.rejects(resolveSecret("env:NONE", context), withCode("SECRET_NOT_FOUND"));
    await assert.rejects(resolveSecret("env:EMPTY", context), withCode("SECRET_NOT_FOUND"));
    await assert.rejects(resolveSecret("env:constructor", context), withCode("SECRET_NOT_FOUND"));
  });

  it("come from a file beside the project, without its last line end", async () => {
    await withDirectory(async (directory) => {
      const beside = { ...context, projectFile: join(directory, "redundancymaster.xml") };
      await writeFile(join(directory, "password"), " geheim \r\n");
      await writeFile(join(directory, "empty"), "\n");
      assert.equal(await resolveSecret("file:password", beside), " geheim ");
      assert.equal(await resolveSecret(`file:${join(directory, "password")}`, context), " geheim ");
      await assert.rejects(resolveSecret("file:empty", beside), withCode("SECRET_NOT_FOUND"));
      await assert.rejects(resolveSecret("file:none", beside), withCode("SECRET_NOT_FOUND"));
      await assert.rejects(resolveSecret("file:.", beside), withCode("SECRET_UNREADABLE"));
    });
  });

  it("are not shown when one stands in the place of its reference", async () => {
    await assert.rejects(resolveSecret("geheim", context), (error: unknown) => {
      assert.ok(error instanceof UnderstudyError);
      assert.equal(error.code, "SECRET_REFERENCE_INVALID");
      assert.doesNotMatch(error.message, /geheim/);
      return true;
    });
  });
});
