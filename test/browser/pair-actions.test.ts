import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { pairSettings } from "../e2e/support/project-text.ts";
import { ScriptedServer, TestMailServer } from "../notify/support.ts";
import { ConsolePlant, missingForBrowser, patient, user } from "./support/console-plant.ts";

const missing = missingForBrowser();

describe("everything that can be done with pairs in the console", function () {
  this.timeout(90_000);
  let plant: ConsolePlant;
  let page: Page;
  let mail: TestMailServer;
  /** Accepts connections and never says anything. */
  let silent: ScriptedServer;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    mail = await TestMailServer.start();
    silent = await ScriptedServer.start(() => null);
    const smtp = (port: number) => ({ host: "127.0.0.1", port, security: "none" });
    plant = await ConsolePlant.start({
      pairs: (members) => [
        pairSettings("Boiler", "hot", members, {
          ...patient,
          notifications: {
            enabled: true,
            primarySmtp: smtp(1),
            secondarySmtp: smtp(mail.port),
            from: "broker@plant.example",
            to: ["night@plant.example"],
            events: ["connectionLost"],
          },
        }),
        pairSettings("Valve", "hot", members, {
          ...patient,
          failover: { connectTimeout: 2000, reconnectInterval: 200, approval: "manual" },
        }),
      ],
    });
    await plant.broker.untilServing("Boiler");
    await plant.broker.untilServing("Valve");
    page = await plant.open();
    await plant.login(page);
  });
  after(async () => {
    await plant?.stop();
    await mail?.stop();
    await silent?.stop();
  });

  async function open(path: string, heading: string): Promise<void> {
    await page.goto(`${plant.url}#/${path}`);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  }

  /** Presses a button and confirms the dialog that it opens. */
  async function act(button: string, dialog: string, confirm = button): Promise<void> {
    await page.getByRole("button", { name: button, exact: true }).click();
    const asked: Locator = page.getByRole("dialog", { name: dialog });
    await asked.getByRole("button", { name: confirm, exact: true }).click();
    await asked.waitFor({ state: "detached" });
  }

  it("disable and enable", async () => {
    await open("pair/Boiler/general", "Boiler");
    await act("Disable", "Disable Boiler");
    await page.getByText("Disabled", { exact: true }).waitFor();
    assert.equal((await plant.broker.status("Boiler")).enabled, false);
    await act("Enable", "Enable Boiler");
    await page.getByText("OK", { exact: true }).waitFor();
  });

  it("alias, and take the alias away", async () => {
    await open("pair/Boiler/general", "Boiler");
    await page.getByRole("button", { name: "Alias" }).click();
    await page.getByRole("dialog").getByLabel("Alias", { exact: true }).fill("Steam");
    await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
    await page.getByRole("heading", { name: "Steam", level: 1 }).waitFor();
    await plant.broker.untilServing("Steam");
    await page.getByRole("button", { name: "Alias …" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take the alias away" }).click();
    await page.getByRole("heading", { name: "Boiler", level: 1 }).waitFor();
    await plant.broker.untilServing("Boiler");
  });

  it("find the endpoints of a server for a new pair", async () => {
    await open("pairs", "Pairs");
    await page.getByRole("button", { name: "Add pair" }).click();
    const add = page.getByRole("dialog", { name: "Add pair" });
    await add.getByRole("button", { name: "Browse" }).first().click();
    const found = page.getByRole("dialog", { name: "Find endpoints" });
    await found.getByLabel("Machine or URL").fill(plant.members.primary.endpointUrl);
    await found.getByRole("button", { name: "Look" }).click();
    await found
      .getByRole("button", { name: /None None/ })
      .first()
      .click();
    assert.match(await add.getByLabel(/^Primary/).inputValue(), new RegExp(`:${plant.members.primary.port}`));
    await add.getByRole("button", { name: "Browse" }).nth(1).click();
    await found.getByLabel("Machine or URL").fill("opc.tcp://127.0.0.1:1");
    await found.getByRole("button", { name: "Look" }).click();
    await page
      .getByRole("alert")
      .getByText(/127\.0\.0\.1:1/)
      .waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await add.waitFor({ state: "detached" });
  });

  it("look for OPC DA servers, and say why there is no list", async () => {
    await open("pairs", "Pairs");
    await page.getByRole("button", { name: "Add pair" }).click();
    const add = page.getByRole("dialog", { name: "Add pair" });
    await add.getByLabel("Protocol").selectOption("opcda");
    await add.getByRole("button", { name: "Browse" }).click();
    const found = page.getByRole("dialog", { name: "Find OPC DA servers" });
    // nothing is registered at this address, whether COM is here or not
    await found.getByLabel("Machine").fill("127.0.0.2");
    await found.getByRole("button", { name: "Look" }).click();
    await found.getByRole("alert").or(found.getByText("No OPC DA server is registered there.")).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await add.waitFor({ state: "detached" });
  });

  it("refuse a name that another pair has, and keep what was typed", async () => {
    await open("pair/Boiler/general", "Boiler");
    await page.getByRole("button", { name: "Alias" }).click();
    const dialog = page.getByRole("dialog", { name: "Alias of Boiler" });
    await dialog.getByLabel("Alias", { exact: true }).fill("Valve");
    await dialog.getByRole("button", { name: "Rename" }).click();
    await dialog.getByRole("alert").getByText(/Valve/).waitFor();
    assert.equal(await dialog.getByLabel("Alias", { exact: true }).inputValue(), "Valve");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  it("show the health of both members over time", async () => {
    await page.getByRole("img", { name: /Health of the primary: ok now/ }).waitFor();
    await page.getByRole("img", { name: /Health of the secondary: ok now/ }).waitFor();
  });

  it("break off what takes long", async () => {
    await open("pairs", "Pairs");
    await page.getByRole("button", { name: "Add pair" }).click();
    const add = page.getByRole("dialog", { name: "Add pair" });
    await add.getByRole("button", { name: "Browse" }).first().click();
    const found = page.getByRole("dialog", { name: "Find endpoints" });
    await found.getByLabel("Machine or URL").fill(`opc.tcp://127.0.0.1:${silent.port}`);
    await found.getByRole("button", { name: "Look" }).click();
    await found.getByText(/Look … \d+ s/).waitFor();
    await found.getByRole("button", { name: "Cancel look" }).click();
    await found.getByText(/Look …/).waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await add.waitFor({ state: "detached" });
  });

  it("send a test mail, and show what was said where it failed", async () => {
    await open("pair/Boiler/notifications", "Boiler");
    await page.getByRole("button", { name: "Send a test mail" }).click();
    const test = page.getByRole("region", { name: "Test" });
    await test.getByText(/primary 127\.0\.0\.1:1: .*(refused|REFUSED)/).waitFor();
    await test.getByText(`secondary 127.0.0.1:${mail.port}: took the message`).waitFor();
    await mail.untilReceived(1);
    assert.match(mail.received[0] ?? "", /night@plant\.example/);
  });

  it("export the project, with and without notifications, and import it again", async () => {
    await open("project", "Project");
    const texts: string[] = [];
    for (const name of ["Export", "Export without notifications"]) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name, exact: true }).click(),
      ]);
      texts.push(readFileSync(await download.path(), "utf8"));
    }
    assert.match(texts[0] ?? "", /night@plant\.example/);
    assert.doesNotMatch(texts[1] ?? "", /night@plant\.example/);
    const changed = (texts[0] ?? "").replace(
      /<queryServerStatusInterval>500</,
      "<queryServerStatusInterval>777<",
    );
    const upload = (text: string) =>
      page
        .locator('input[type="file"]')
        .setInputFiles({ name: "project.xml", mimeType: "application/xml", buffer: Buffer.from(text) });
    const dialog = page.getByRole("dialog", { name: "Import project" });
    await upload("<RedundancyMaster><pairs>");
    await dialog
      .getByRole("alert")
      .getByText(/the uploaded file/)
      .waitFor();
    await dialog.getByRole("button", { name: "Cancel", exact: true }).click();
    await upload(changed);
    await dialog.getByText(/777/).waitFor();
    await dialog.getByText("Disabled afterwards, until you enable them: Boiler, Valve.").waitFor();
    await dialog.getByLabel("Keep those pairs enabled that are enabled now").check();
    await dialog.getByText("Disabled afterwards", { exact: false }).waitFor({ state: "detached" });
    await dialog.getByRole("button", { name: "Import", exact: true }).click();
    await page.getByText("The imported project is in force.").waitFor();
    assert.match(readFileSync(plant.broker.projectFile, "utf8"), /777/);

    await page.getByRole("button", { name: "Undo …" }).click();
    const undo = page.getByRole("dialog", { name: "Undo the last import or deployment" });
    await undo.getByText(/777 -> 500/).waitFor();
    await undo.getByRole("button", { name: "Undo", exact: true }).click();
    await page.getByText("The project before is in force again.").waitFor();
    assert.doesNotMatch(readFileSync(plant.broker.projectFile, "utf8"), /777/);
    await plant.broker.untilServing("Boiler");
    await plant.broker.untilServing("Valve");
  });

  it("hold the list of events still, save it as a file, forget it", async () => {
    await open("events", "Events");
    const list = page.getByRole("log");
    await list.getByRole("button").first().waitFor();
    await page.getByLabel("Pair or server").selectOption("Boiler");
    await page.getByText("Save as").click();
    for (const [name, begin] of [
      ["Text", /^\d{4}-/],
      ["CSV", /^id,|^"?id/],
      ["JSON", /^\s*[[{]/],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name, exact: true }).click(),
      ]);
      const text = readFileSync(await download.path(), "utf8");
      assert.match(text, begin, name);
      const others = text.split("\n").filter((line) => line.includes("'Valve'") && !line.includes("Boiler"));
      assert.deepEqual(others, [], `${name} has the filter in force`);
    }
    await page.getByLabel("Follow").uncheck();
    const first = await list.getByRole("button").first().textContent();
    await plant.broker.control.suspend("Boiler", "while it is held still");
    await plant.broker.control.resume("Boiler", "");
    await plant.broker.untilEvent(({ code }) => code === "resumed", "the end of the suspension");
    assert.equal(await list.getByRole("button").first().textContent(), first);
    await page.getByLabel("Follow").check();
    await list.getByText("while it is held still").waitFor();
    await page.getByRole("button", { name: "Reset" }).click();
    await page
      .getByRole("dialog", { name: "Reset events" })
      .getByRole("button", { name: "Forget them" })
      .click();
    await page.getByText("Nothing has happened that fits.").waitFor();
  });

  it("remember the theme that was chosen", async () => {
    await open("pairs", "Pairs");
    const background = () =>
      page.evaluate("getComputedStyle(document.body).backgroundColor") as Promise<string>;
    const light = await background();
    await page.getByLabel("Theme").selectOption("dark");
    const dark = await background();
    assert.notEqual(dark, light);
    await page.reload();
    await page.getByRole("heading", { name: "Pairs", level: 1 }).waitFor();
    assert.equal(await background(), dark);
    await page.getByLabel("Theme").selectOption("system");
  });

  it("approve a switchover that waits", async () => {
    await open("pair/Valve/general", "Valve");
    await plant.members.primary.kill();
    await page.getByText("Needs approval", { exact: true }).waitFor();
    await act("Approve the secondary", "Approve Valve", "Approve");
    await page.getByText("secondary is active").waitFor();
    await page
      .locator(".trouble")
      .getByText(/primary/)
      .waitFor();
  });

  it("log out; then a login is asked for, and wrong ones are slowed down", async () => {
    await page.getByRole("button", { name: `Log out ${user}` }).click();
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    const login = page.getByRole("dialog", { name: "Log in" });
    await login.getByLabel("User").fill(user);
    for (let attempt = 0; attempt < 12; attempt++) {
      if (await login.getByText(/Wait|wait|again in/).isVisible()) break;
      await login.getByLabel("Password").fill(`wrong ${attempt}`);
      const answered = page.waitForResponse("**/api/v1/session");
      await login.getByRole("button", { name: "Log in" }).click();
      await answered;
    }
    await login.getByText(/Wait|wait|again in/).waitFor();
    await plant.broker.untilEvent(({ code }) => code === "consoleLoginFailed", "the failed login");
    await page.keyboard.press("Escape");
    await login.waitFor({ state: "detached" });
  });
});
