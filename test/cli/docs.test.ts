import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { apiPage } from "../../tools/docs/api-page.ts";
import { cliPage } from "../../tools/docs/cli-page.ts";
import { eventsPage } from "../../tools/docs/events-page.ts";

describe("the pages made from the code", () => {
  // The suite runs in the root of the repository.
  it("docs/events.md is up to date (node dist/tools/docs/main.js makes it)", () => {
    assert.equal(readFileSync("docs/events.md", "utf8"), eventsPage());
  });

  it("docs/http-api.md is up to date (node dist/tools/docs/main.js makes it)", async () => {
    assert.equal(readFileSync("docs/http-api.md", "utf8"), await apiPage());
  });

  it("docs/cli.md is up to date (node dist/tools/docs/main.js makes it)", () => {
    assert.equal(readFileSync("docs/cli.md", "utf8"), cliPage());
  });
});
