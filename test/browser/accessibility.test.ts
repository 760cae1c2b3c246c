import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { accessibilityFaults } from "./support/accessibility.ts";
import { ConsolePlant, missingForBrowser } from "./support/console-plant.ts";

const missing = missingForBrowser();

const views: readonly (readonly [path: string, heading: string])[] = [
  ["#/pairs", "Pairs"],
  ["#/pair/Boiler/general", "Boiler"],
  ["#/pair/Boiler/monitoring", "Boiler"],
  ["#/pair/Boiler/diagnostics", "Boiler"],
  ["#/pair/Boiler/notifications", "Boiler"],
  ["#/servers", "Servers"],
  ["#/server/Historian/general", "Historian"],
  ["#/server/Historian/probes", "Historian"],
  ["#/server/Historian/replication", "Historian"],
  ["#/server/Historian/takeover", "Historian"],
  ["#/events", "Events"],
  ["#/project", "Project"],
];

describe("the console for everybody", function () {
  this.timeout(120_000);
  let plant: ConsolePlant;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    plant = await ConsolePlant.start({
      servers: (members) => [
        { name: "Historian", address: "127.0.0.1", probes: [{ kind: "tcp", port: members.primary.port }] },
      ],
    });
    await plant.broker.control.serverEnable("Historian", "");
    await plant.broker.untilServing("Boiler");
  });
  after(async () => {
    await plant?.stop();
  });

  for (const look of [
    { width: 1280 },
    { width: 1280, dark: true },
    { width: 390 },
    { width: 390, dark: true },
  ]) {
    it(`${look.dark ? "has contrast enough in the dark" : "has no fault by the rules of WCAG"} at ${look.width} pixels`, async () => {
      const page = await plant.open(look);
      const faults: string[] = [];
      for (const [path, heading] of views) {
        await page.goto(`${plant.url}${path}`);
        await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
        await settled(page, path);
        const rules = look.dark ? ["color-contrast"] : undefined;
        for (const fault of await accessibilityFaults(page, rules)) faults.push(`${path} ${fault}`);
      }
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }

  it("has dialogs without fault", async () => {
    const page = await plant.open();
    await plant.login(page);
    const faults: string[] = [];
    const dialogs: readonly (readonly [path: string, button: string, dialog: RegExp])[] = [
      ["#/pairs", "Add pair", /Add pair/],
      ["#/pair/Boiler/general", "Switch over", /Switch over Boiler/],
      ["#/pair/Boiler/general", "Remove", /Remove Boiler/],
      ["#/servers", "Add server", /Add server/],
      ["#/server/Historian/general", "Failover now …", /Failover now: Historian/],
      ["#/server/Historian/general", "Check", /Check Historian/],
    ];
    for (const [path, button, dialog] of dialogs) {
      await page.goto(`${plant.url}${path}`);
      await page.getByRole("button", { name: button, exact: true }).click();
      await page.getByRole("dialog", { name: dialog }).waitFor();
      for (const fault of await accessibilityFaults(page)) faults.push(`${button} ${fault}`);
      await page.keyboard.press("Escape");
    }
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it("can be used by keyboard alone: a pair is found, suspended and resumed", async () => {
    const page = await plant.open();
    await plant.login(page);
    await page.goto(`${plant.url}#/pairs`);
    await page.reload();
    await page.getByRole("link", { name: "Boiler" }).waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "To the content");
    await tabTo(page, "Boiler");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Boiler", level: 1 }).waitFor();
    for (const [action, state] of [
      ["Suspend", "Suspended"],
      ["Resume", "OK"],
    ] as const) {
      await tabTo(page, action);
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: `${action} Boiler` });
      await dialog.waitFor();
      for (let count = 0; count < 12; count++) {
        await page.keyboard.press("Tab");
        assert.ok(await isWithin(page, "dialog, body"), "the focus stays in the dialog");
      }
      await dialog.getByLabel("Reason").focus();
      await page.keyboard.type("by keyboard");
      await page.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });
      await page.getByText(state, { exact: true }).first().waitFor();
    }
    await tabTo(page, "Disable");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Disable Boiler" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await focused(page), "Disable", "the focus is back where it was");
    await page.context().close();
  });

  async function settled(page: Page, path: string): Promise<void> {
    if (/general|monitoring|probes|replication|takeover|notifications|project/.test(path)) {
      await page.getByText("Reading the", { exact: false }).waitFor({ state: "detached" });
    }
  }

  function focused(page: Page): Promise<string> {
    return page.evaluate("document.activeElement.innerText.trim()") as Promise<string>;
  }

  function isWithin(page: Page, selector: string): Promise<boolean> {
    return page.evaluate(
      `document.activeElement.closest(${JSON.stringify(selector)}) !== null`,
    ) as Promise<boolean>;
  }

  /** Presses Tab until the element with that text has the focus. */
  async function tabTo(page: Page, text: string): Promise<void> {
    for (let count = 0; count < 60; count++) {
      if ((await focused(page)) === text) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`${text} cannot be reached by Tab`);
  }
});
