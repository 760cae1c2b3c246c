import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import type { ServerStatus } from "../../src/control/servers-api.ts";
import type { DiagnosticEvent } from "../../src/diagnostics/event.ts";
import { whyNoLab } from "../servers/support/lab.ts";
import { ConsolePlant, missingForBrowser } from "./support/console-plant.ts";

const missing = missingForBrowser();

describe("everything that can be done with protected servers in the console", function () {
  this.timeout(90_000);
  let plant: ConsolePlant;
  let page: Page;
  let folder: string;
  let live: Server;
  /** What "Press" is watched by: it comes and goes. */
  let press: Server;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), "understudy-browser-servers-"));
    mkdirSync(join(folder, "live"));
    writeFileSync(join(folder, "live", "recipe"), "one");
    [live, press] = [await listening(), await listening()];
    const port = portOf(live);
    const script = join(folder, "service");
    writeFileSync(
      script,
      `#!/bin/sh\necho "$1" >> ${join(folder, "said")}${"$2"}\n[ "$1" = stop ] || [ ! -e ${join(folder, "broken")} ]\n`,
      { mode: 0o755 },
    );
    plant = await ConsolePlant.start({
      servers: () => [
        {
          name: "Historian",
          address: "127.0.0.1",
          probes: [{ kind: "tcp", port }],
          pingInterval: 500,
          pingTimeout: 5000,
          replication: { files: [{ source: join(folder, "live"), destination: join(folder, "copy") }] },
          takeover: {
            services: [
              {
                name: "archive",
                start: { program: script, arguments: ["start"] },
                stop: { program: script, arguments: ["stop"] },
              },
            ],
          },
        },
        {
          name: "Slow",
          address: "127.0.0.1",
          probes: [{ kind: "tcp", port }],
          takeover: {
            services: ["first", "second"].map((name) => ({
              name,
              start: { program: "/bin/sleep", arguments: ["4"] },
              stop: { program: "/bin/true" },
            })),
          },
        },
        {
          name: "Press",
          address: "127.0.0.1",
          probes: [{ kind: "tcp", port: portOf(press) }],
          pingInterval: 500,
          pingTimeout: 5000,
          failover: {
            warnAfter: 2,
            failAfter: 3,
            failAfterStartup: 100,
            recoverAfter: 1,
            approval: "manual",
            automaticallyStopFailover: true,
            liveStableFor: 500,
          },
          takeover: {
            services: [
              {
                name: "control",
                start: { program: script, arguments: ["start", "-press"] },
                stop: { program: script, arguments: ["stop", "-press"] },
              },
            ],
          },
        },
      ],
    });
    page = await plant.open();
    await plant.login(page);
  });
  after(async () => {
    await plant?.stop();
    live?.close();
    press?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function open(tab = "general", server = "Historian"): Promise<void> {
    await page.goto(`${plant.url}#/server/${server}/${tab}`);
    await page.getByRole("heading", { name: server, level: 1 }).waitFor();
  }

  async function act(button: string, dialog: string, confirm = button): Promise<void> {
    await page.getByRole("button", { name: button, exact: true }).click();
    const asked = page.getByRole("dialog", { name: dialog });
    await asked.getByRole("button", { name: confirm, exact: true }).click();
    await asked.waitFor({ state: "detached" });
  }

  async function statusOf(name = "Historian"): Promise<ServerStatus> {
    const found = (await plant.broker.control.serverStatus()).find((each) => each.name === name);
    assert.ok(found);
    return found;
  }

  const badge = (word: string) => page.locator(".toolbar .badge").getByText(word, { exact: true });

  it("watch it, and see how it is, what its probes say and what is copied", async () => {
    await open();
    await badge("Disabled").waitFor();
    await act("Watch", "Watch Historian");
    await badge("OK").waitFor();
    await page.getByText(/time to fail \d+ s/).waitFor();
    await open("probes");
    await page.getByRole("region", { name: "Last round" }).getByText("Well", { exact: true }).waitFor();
    await open("replication");
    await page
      .getByRole("region", { name: "Copies" })
      .getByText(/complete until/)
      .waitFor();
    assert.equal(readFileSync(join(folder, "copy", "recipe"), "utf8"), "one");
    await page.goto(`${plant.url}#/servers`);
    await page
      .getByRole("row", { name: /Historian/ })
      .getByText("1 of 1 complete")
      .waitFor();
  });

  it("check whether a takeover could succeed", async () => {
    await open();
    await page.getByRole("button", { name: "Check", exact: true }).click();
    const findings = page.getByRole("dialog", { name: "Check Historian" }).getByRole("listitem");
    await findings.getByText("none: a cable pulled out").waitFor();
    assert.match((await findings.first().textContent()) ?? "", /^Warning/, "the worst first");
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  });

  it("suspend, stop and resume it", async () => {
    await open();
    await act("Suspend", "Suspend Historian");
    await badge("Suspended").waitFor();
    await act("Stop", "Stop Historian");
    await badge("Stopped").waitFor();
    await act("Resume", "Resume Historian");
    await badge("OK").waitFor();
  });

  it("change its settings", async () => {
    await open("probes");
    await page.getByLabel("Ping interval").fill("600");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("The configuration is saved and in force.").waitFor();
    assert.match(readFileSync(plant.broker.projectFile, "utf8"), /<pingInterval>600</);
    await badge("OK").waitFor();
  });

  it("copy everything from the live server, on demand", async () => {
    await open();
    writeFileSync(join(folder, "live", "second"), "two");
    await act("Replicate from live", "Replicate from live Historian");
    await page
      .getByRole("region", { name: "Replicate from live" })
      .getByText("done", { exact: true })
      .waitFor();
    assert.equal(readFileSync(join(folder, "copy", "second"), "utf8"), "two");
  });

  it("put back what this machine has, over what the live server has", async () => {
    const [there, here] = [join(folder, "live", "recipe"), join(folder, "copy", "recipe")];
    await open();
    // so that nothing is copied the other way meanwhile
    await act("Suspend", "Suspend Historian");
    await badge("Suspended").waitFor();
    writeFileSync(there, "spoilt at the live server");
    await page.getByRole("button", { name: "Replicate to live …" }).click();
    const asked = page.getByRole("dialog", { name: "Replicate to live Historian" });
    await asked.getByText(/whose own data are replaced/).waitFor();
    await asked.getByRole("button", { name: "Cancel" }).click();
    await asked.waitFor({ state: "detached" });
    assert.equal(readFileSync(there, "utf8"), "spoilt at the live server", "asking alone does nothing");

    await page.getByRole("button", { name: "Replicate to live …" }).click();
    await asked.getByLabel("Reason").fill("a spoilt recipe");
    await asked.getByRole("button", { name: "Replicate to live" }).click();
    const work = page.getByRole("region", { name: "Replicate to live" });
    await work.getByText("done", { exact: true }).waitFor();
    await work.getByText(/a spoilt recipe/).waitFor();
    assert.deepEqual([readFileSync(there, "utf8"), readFileSync(here, "utf8")], ["one", "one"]);
    await plant.broker.untilEvent(
      ({ code, message }) => code === "replicationDone" && message.includes("a spoilt recipe"),
      "the copy with its reason",
    );
    await act("Resume", "Resume Historian");
    await badge("OK").waitFor();
  });

  it("test the takeover, and see what would fail in it", async function () {
    const reason = await whyNoLab();
    if (reason !== null) {
      console.log(`      skipped: ${reason}`);
      this.skip();
    }
    const test = async (reason: string): Promise<Locator> => {
      await page.getByRole("button", { name: "Test …" }).click();
      const dialog = page.getByRole("dialog", { name: "Test the takeover: Historian" });
      await dialog
        .getByRole("listitem")
        .getByText(/cut off from the network/)
        .waitFor();
      await dialog.getByLabel("Reason").fill(reason);
      await dialog.getByRole("button", { name: "Test the takeover" }).click();
      const work = page.getByRole("region", { name: "Test of the takeover", exact: true });
      await work.getByText(new RegExp(`: ${reason}`)).waitFor();
      return work;
    };
    const said = (): string => {
      const text = readFileSync(join(folder, "said"), { encoding: "utf8", flag: "a+" });
      return text.slice(text.length - "start\nstop\n".length);
    };
    await open();
    const work = await test("before the shift");
    await work.getByText("done", { exact: true }).first().waitFor();
    await work.getByText("service archive").waitFor();
    assert.equal(said(), "start\nstop\n", "the service was started and stopped again");
    const tested = ({ code, pair }: DiagnosticEvent) => code === "takeoverTested" && pair === "Historian";
    const good = await plant.broker.untilEvent(tested, "the test");
    assert.equal(good.severity, "information", good.message);

    writeFileSync(join(folder, "broken"), "");
    await test("it is broken now");
    await work.getByText("failed", { exact: true }).first().waitFor();
    await work
      .getByRole("status")
      .getByText(/^service archive: /)
      .waitFor();
    const bad = await plant.broker.untilEvent(tested, "the second test", { after: good.id });
    assert.equal(bad.severity, "error", bad.message);
    rmSync(join(folder, "broken"));
    await badge("OK").waitFor();
    assert.equal((await statusOf()).role, "live");
    await open("diagnostics");
    await page.getByText(bad.message).first().waitFor();
  });

  it("approve a takeover that waits, and then the failback that waits", async () => {
    const port = portOf(press);
    const said = join(folder, "said-press");
    const approve = async (what: "takeover" | "failback", reason: string): Promise<void> => {
      const title = `Approve the ${what}`;
      await page.getByRole("button", { name: title }).click();
      const dialog = page.getByRole("dialog", { name: `${title}: Press` });
      await dialog
        .getByRole("listitem")
        .getByText(/control/)
        .first()
        .waitFor();
      await dialog.getByLabel("Reason").fill(reason);
      await dialog.getByRole("button", { name: title }).click();
      await dialog.waitFor({ state: "detached" });
    };
    await plant.broker.control.serverEnable("Press", "");
    await open("general", "Press");
    await badge("OK").waitFor();
    press.close();
    await badge("Needs approval").waitFor();
    assert.equal(existsSync(said), false, "nothing is done before");
    assert.deepEqual(await statusOf("Press").then(({ role, work }) => [role, work]), ["live", null]);
    await approve("takeover", "I have looked");
    await badge("This machine stands in").waitFor();
    await badge("Needs approval").waitFor({ state: "detached" });
    const work = page.getByRole("region", { name: "Takeover", exact: true });
    await work.getByText("done", { exact: true }).first().waitFor();
    assert.equal(readFileSync(said, "utf8"), "start\n");

    press.listen(port, "127.0.0.1");
    await badge("Needs approval").waitFor();
    assert.equal((await statusOf("Press")).role, "standIn");
    await approve("failback", "it is repaired");
    await badge("OK").waitFor();
    await badge("This machine stands in").waitFor({ state: "detached" });
    assert.equal(readFileSync(said, "utf8"), "start\nstop\n");
    await plant.broker.untilEvent(({ code, pair }) => code === "serverReset" && pair === "Press", "the end");
    await plant.broker.control.serverDisable("Press", "");
  });

  it("see the plan, fail over, and fail back", async () => {
    await open();
    await page.getByRole("button", { name: "Failover now …" }).click();
    const dialog = page.getByRole("dialog", { name: "Failover now: Historian" });
    await dialog.getByRole("listitem").getByText("archive").waitFor();
    assert.equal((await statusOf()).role, "live", "the plan alone does nothing");
    await dialog.getByLabel("Reason").fill("drill");
    await dialog.getByRole("button", { name: "Failover now" }).click();
    await badge("This machine stands in").waitFor();
    const work = page.getByRole("region", { name: "Takeover", exact: true });
    await work.getByText("done", { exact: true }).first().waitFor();
    await work.getByText("service archive").waitFor();
    assert.match(readFileSync(join(folder, "said"), "utf8"), /start\n$/);
    await plant.broker.untilEvent(
      ({ code, message }) => code === "takeoverDone" || message.includes("drill"),
      "the takeover with its reason",
    );
    await page.getByRole("status").getByText("1 in trouble").waitFor();

    writeFileSync(join(folder, "copy", "third"), "made here");
    await page.getByRole("button", { name: "Fail back …" }).click();
    const back = page.getByRole("dialog", { name: "Fail back: Historian" });
    await back.getByRole("listitem").first().waitFor();
    await back.getByRole("button", { name: "Fail back" }).click();
    await badge("OK").waitFor();
    await badge("This machine stands in").waitFor({ state: "detached" });
    assert.equal(readFileSync(join(folder, "live", "third"), "utf8"), "made here");
  });

  it("break off what is under way, which is undone", async () => {
    await plant.broker.control.serverEnable("Slow", "");
    await open("general", "Slow");
    await badge("OK").waitFor();
    await page.getByRole("button", { name: "Failover now …" }).click();
    const dialog = page.getByRole("dialog", { name: "Failover now: Slow" });
    await dialog.getByRole("listitem").first().waitFor();
    await dialog.getByRole("button", { name: "Failover now" }).click();
    const work = page.getByRole("region", { name: "Takeover", exact: true });
    await work.getByRole("progressbar").waitFor();
    await work.getByRole("button", { name: "Break off" }).click();
    await work.getByText("cancelled", { exact: true }).first().waitFor();
    assert.notEqual((await statusOf("Slow")).role, "standIn");
  });

  it("add another one, and remove it", async () => {
    await page.goto(`${plant.url}#/servers`);
    await page.getByRole("button", { name: "Add server" }).click();
    const add = page.getByRole("dialog", { name: "Add server" });
    await add.getByLabel("Name").fill("Files");
    await add.getByLabel("Address", { exact: true }).fill("192.0.2.7");
    await add.getByLabel(/^Witnesses/).fill("192.0.2.1, 192.0.2.2");
    await add.getByLabel(/^Address to assume/).fill("192.0.2.7/24");
    await add.getByLabel(/^On this machine/).fill("eth0");
    await add.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("heading", { name: "Files", level: 1 }).waitFor();
    await badge("Disabled").waitFor();
    assert.match(readFileSync(plant.broker.projectFile, "utf8"), /192\.0\.2\.7\/24/);
    await act("Remove", "Remove Files");
    await page.getByRole("heading", { name: "Servers", level: 1 }).waitFor();
    await page.getByRole("link", { name: "Files" }).waitFor({ state: "detached" });
    assert.doesNotMatch(readFileSync(plant.broker.projectFile, "utf8"), /Files/);
  });

  it("say what a wrong setting is, and keep the old", async () => {
    await open("probes");
    await page.getByLabel("Ping timeout").fill("999999999");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page
      .getByRole("alert")
      .getByText(/pingTimeout/)
      .waitFor();
    await page.getByRole("button", { name: "Discard" }).click();
    assert.doesNotMatch(readFileSync(plant.broker.projectFile, "utf8"), /999999999/);
  });

  it("stop watching it", async () => {
    await open();
    await act("Disable", "Disable Historian");
    await badge("Disabled").waitFor();
    assert.equal((await statusOf()).enabled, false);
  });
});

async function listening(): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
