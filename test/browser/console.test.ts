import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { ConsolePlant, missingForBrowser, user } from "./support/console-plant.ts";

const missing = missingForBrowser();
const pages = fileURLToPath(new URL("../../../dist/console/", import.meta.url));
/** What a page load may take, in bytes, compressed. */
const loadLimitBytes = 300_000;

describe("the pages of the console", function () {
  this.timeout(90_000);
  let plant: ConsolePlant;
  let page: Page;
  let complaints: string[];

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    plant = await ConsolePlant.start();
    await plant.broker.untilServing("Boiler");
  });
  after(async () => {
    await plant?.stop();
  });
  beforeEach(async () => {
    complaints = [];
    page = await plant.open();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // a refused request is part of the test where nobody is logged in
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
        complaints.push(message.text());
    });
  });
  afterEach(async () => {
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  async function openPair(tab = "general"): Promise<void> {
    await page.goto(`${plant.url}#/pair/Boiler/${tab}`);
    await page.getByRole("heading", { name: "Boiler", level: 1 }).waitFor();
  }

  it("load in less than 300 kB, and ask nobody but the broker", async () => {
    const files = readdirSync(join(pages, "assets")).map((name) => join(pages, "assets", name));
    const bytes = [join(pages, "index.html"), ...files].reduce(
      (sum, file) => sum + gzipSync(readFileSync(file)).length,
      0,
    );
    assert.ok(bytes < loadLimitBytes, `${bytes} bytes`);
    const asked = new Set<string>();
    page.on("request", (request) => asked.add(new URL(request.url()).origin));
    await page.reload();
    await page.getByRole("link", { name: "Boiler" }).waitFor();
    assert.deepEqual([...asked], [new URL(plant.url).origin]);
  });

  it("show at a glance how each pair is and which member is active", async () => {
    const row = page.getByRole("row", { name: /Boiler/ });
    await row.getByText("OK", { exact: true }).waitFor();
    await row.getByText("active", { exact: true }).waitFor();
    await page.getByRole("status").getByText("all is well").waitFor();
  });

  it("ask for a login when something is to be changed, then do it and tell who it was", async () => {
    await openPair();
    await page.getByRole("button", { name: "Suspend" }).click();
    const dialog = page.getByRole("dialog", { name: "Suspend Boiler" });
    await dialog.getByLabel("Reason").fill("maintenance");
    await dialog.getByRole("button", { name: "Suspend" }).click();
    const login = page.getByRole("dialog", { name: "Log in" });
    await login.getByLabel("User").fill(user);
    await login.getByLabel("Password").fill("wrong");
    await login.getByRole("button", { name: "Log in" }).click();
    await login.getByText("User name or password is wrong.").waitFor();
    await login.getByLabel("Password").fill("correct horse");
    await login.getByRole("button", { name: "Log in" }).click();
    await page.getByText("Suspended", { exact: true }).waitFor();
    await plant.broker.untilEvent(
      ({ code, message }) => code === "suspended" && message.includes(`maintenance (${user})`),
      "the suspension with who and why",
    );
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await page.getByText("OK", { exact: true }).waitFor();
  });

  it("say what a switchover would do before it is done, and show it in the timeline", async () => {
    await plant.login(page);
    await openPair();
    await page.getByRole("button", { name: "Switch over" }).click();
    const dialog = page.getByRole("dialog", { name: "Switch over Boiler" });
    await dialog.getByRole("listitem").first().waitFor();
    await dialog.getByLabel("Reason").fill("drill");
    await dialog.getByRole("button", { name: "Switch over" }).click();
    await page.getByText("secondary is active").waitFor();
    await page.locator(".switches").getByText("drill").first().waitFor();
    const after = plant.broker.lastEventId;
    await plant.broker.control.switchover("Boiler", {
      to: "primary",
      reason: "",
      force: false,
      dryRun: false,
    });
    await plant.broker.untilPromoted("Boiler", "primary", after);
  });

  it("hold edits back until they are saved, or discard them", async () => {
    await plant.login(page);
    await openPair();
    const interval = page.getByLabel("Query server status interval");
    const before = await interval.inputValue();
    await interval.fill("1234");
    const bar = page.getByRole("region", { name: "Configuration modified" });
    await bar.getByText("1 change").waitFor();
    await bar.getByRole("button", { name: "Discard" }).click();
    assert.equal(await interval.inputValue(), before);
    await interval.fill("900");
    await bar.getByRole("button", { name: "Save" }).click();
    await page.getByText("The configuration is saved and in force.").waitFor();
    assert.match(readFileSync(plant.broker.projectFile, "utf8"), /900/);
  });

  it("tell the second of two who save at once, and show what the first one changed", async () => {
    await plant.login(page);
    await openPair();
    const other = await plant.open({ path: "#/pair/Boiler/general" });
    await plant.login(other);
    await page.getByLabel("Query server status timeout").fill("700");
    await other.getByLabel("Query server status timeout").fill("650");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("The configuration is saved and in force.").waitFor();
    await other.getByRole("button", { name: "Save", exact: true }).click();
    const conflict = other.getByRole("dialog", { name: "Somebody else has saved meanwhile" });
    await conflict.getByText(/queryServerStatusTimeout: \d+ → 700/).waitFor();
    await conflict.getByRole("button", { name: "Take theirs, discard mine" }).click();
    await conflict.waitFor({ state: "detached" });
    assert.equal(await other.getByLabel("Query server status timeout").inputValue(), "700");
    await other.context().close();
  });

  it("find a monitor item in the server's address space", async () => {
    await plant.login(page);
    await openPair("monitoring");
    await page.getByRole("button", { name: "Browse for an item" }).click();
    const browser = page.getByRole("dialog", { name: /Items of the/ });
    await browser
      .getByRole("button", { name: /_System/ })
      .first()
      .click();
    await browser
      .getByRole("button", { name: /Watchdog/ })
      .first()
      .click();
    await page.getByRole("region", { name: "Configuration modified" }).waitFor();
    const ids = await page
      .getByLabel("Item id")
      .evaluateAll((fields) => fields.map((field) => (field as unknown as { readonly value: string }).value));
    assert.ok(
      ids.some((id) => id.includes("Watchdog")),
      ids.join(", "),
    );
  });

  it("list events as they happen, newest first, filtered, and tell why", async () => {
    await openPair("diagnostics");
    const list = page.getByRole("log");
    await list.getByText("Connected to").first().waitFor();
    await page.getByLabel("Text or code").fill("promoted");
    await list.getByText("Promoted active connection").first().click();
    const dialog = page.getByRole("dialog", { name: "Event" });
    await dialog.getByText("Why").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    const link = page.getByRole("link", { name: "CSV" });
    await page.getByText("Save as").click();
    assert.match((await link.getAttribute("href")) ?? "", /format=csv&pair=Boiler/);
  });

  it("add, name and remove a pair", async () => {
    await plant.login(page);
    await page.goto(plant.url);
    await page.getByRole("button", { name: "Add pair" }).click();
    const add = page.getByRole("dialog", { name: "Add pair" });
    await add.getByLabel("Name of the server").fill("Pump");
    await add.getByLabel(/^Primary/).fill("opc.tcp://127.0.0.1:1/");
    await add.getByLabel(/^Secondary/).fill("opc.tcp://127.0.0.1:2/");
    await add.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("heading", { name: "Pump", level: 1 }).waitFor();
    await page.getByText("Disabled", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Alias" }).click();
    const alias = page.getByRole("dialog", { name: "Alias of Pump" });
    await alias.getByLabel("Alias", { exact: true }).fill("Feed");
    await alias.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("heading", { name: "Feed", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("heading", { name: "Pairs", level: 1 }).waitFor();
    await page.getByRole("link", { name: "Feed" }).waitFor({ state: "detached" });
  });

  it("fit a phone, in the dark as well", async () => {
    const phone = await plant.open({ width: 390, dark: true });
    await phone.getByRole("link", { name: "Boiler" }).waitFor();
    for (const path of ["", "#/pair/Boiler/general", "#/events", "#/project"]) {
      await phone.goto(`${plant.url}${path}`);
      await phone.getByRole("heading", { level: 1 }).first().waitFor();
      const [wide, seen] = (await phone.evaluate("[document.documentElement.scrollWidth, innerWidth]")) as [
        number,
        number,
      ];
      assert.ok(wide <= seen, `${path}: ${wide} of ${seen}`);
    }
    await phone.context().close();
  });

  it("say so when the broker is gone, and show the failure of a member while it is there", async () => {
    await plant.members.secondary.kill();
    await page.getByText("Member failed").first().waitFor();
    await page.getByRole("status").getByText("1 in trouble").waitFor();
    process.kill(plant.broker.pid, "SIGKILL");
    await page.getByRole("alert").getByText("The broker does not answer").waitFor();
    complaints = [];
  });
});
