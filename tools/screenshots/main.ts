import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { ConsolePlant, missingForBrowser, patient } from "../../test/browser/support/console-plant.ts";
import { pairSettings, type Settings } from "../../test/e2e/support/project-text.ts";
import { Watcher } from "../demo/watcher.ts";
import { indexedPng } from "./indexed-png.ts";

// Takes the pictures of docs/images from a real broker with simulated servers.

const images = fileURLToPath(new URL("../../../docs/images/", import.meta.url));
/** Time for the chart to get some samples, in ms. */
const historyMs = 32_000;

const missing = missingForBrowser();
if (missing !== null) {
  console.error(`No pictures can be taken: ${missing}.`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "understudy-pictures-"));
mkdirSync(join(folder, "recipes"));
for (const name of ["mixing", "drying", "packing"]) {
  writeFileSync(join(folder, "recipes", `${name}.json`), name.repeat(2000));
}

/** A pair whose machines have names of a plant. */
function pair(
  name: string,
  places: Parameters<typeof pairSettings>[2],
  machines: readonly [string, string],
  more: Settings = {},
): Settings {
  const settings = pairSettings(name, "hot", places, { ...patient, ...more });
  const named = (role: "primary" | "secondary", machine: string) => ({
    ...(settings[role] as object),
    machine,
  });
  return { ...settings, primary: named("primary", machines[0]), secondary: named("secondary", machines[1]) };
}

const plant = await ConsolePlant.start({
  pairs: (members) => {
    const absent = { endpointUrl: "opc.tcp://127.0.0.1:1/" };
    return [
      pair("Boiler", members, ["plc-a", "plc-b"], {
        monitorItems: [{ itemId: "ns=1;s=_System.Watchdog", trigger: "noChange", triggerData: "5000" }],
      }),
      pair("Turbine", { primary: absent, secondary: members.secondary }, ["plc-c", "plc-d"]),
      pair("TankFarm", members, ["plc-e", "plc-f"]),
      pair("Packaging", members, ["plc-g", "plc-h"]),
    ];
  },
  servers: (members) => [
    {
      name: "Historian",
      address: "127.0.0.1",
      probes: [{ kind: "tcp", port: members.primary.port }],
      replication: {
        files: [{ source: join(folder, "recipes"), destination: join(folder, "copy of recipes") }],
      },
      takeover: {
        services: [{ name: "archive", start: { program: "/bin/true" }, stop: { program: "/bin/true" } }],
      },
    },
    {
      name: "Files",
      address: "127.0.0.1",
      probes: [{ kind: "tcp", port: 1 }],
      failover: { failAfter: 600, warnAfter: 5, failAfterStartup: 600 },
    },
    { name: "Recipes", address: "127.0.0.1" },
  ],
});

try {
  const { control } = plant.broker;
  await control.disable("Packaging", "for the picture");
  await control.suspend("TankFarm", "new firmware");
  await plant.broker.untilServing("Boiler");
  for (const server of ["Historian", "Files"]) await control.serverEnable(server, "for the picture");
  const [endpoint = ""] = plant.broker.endpoints;
  const client = await Watcher.connect(endpoint.replace(/[^/]*$/, "Boiler"));
  await new Promise((resolve) => setTimeout(resolve, historyMs / 2));
  const order = { to: "secondary", reason: "maintenance of plc-a", force: false, dryRun: false } as const;
  await control.switchover("Boiler", order);
  await control.failoverTest("Historian", { reason: "monthly drill", dryRun: false }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, historyMs / 2));

  const page = await plant.open();
  await plant.login(page);
  await take(page, "pairs", "");
  await take(page, "pair", "#/pair/Boiler/general");
  await take(page, "monitoring", "#/pair/Boiler/monitoring");
  await take(page, "events", "#/events", async () => {
    await page.getByLabel("Pair or server").selectOption("Boiler");
  });
  await take(page, "servers", "#/servers");
  await take(page, "server", "#/server/Historian/general");
  const dark = await plant.open({ dark: true });
  await take(dark, "pair-dark", "#/pair/Turbine/general");
  const phone = await plant.open({ width: 390 });
  await take(phone, "phone", "#/pair/Boiler/general");
  await client.close();
} finally {
  await plant.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** One picture of what a window shows, without what is below its edge. */
async function take(
  page: Page,
  name: string,
  path: string,
  prepare: () => Promise<void> = async () => undefined,
): Promise<void> {
  await page.goto(`${plant.url}${path}`);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await prepare();
  // charts and lists are drawn with the next look at the status
  await page.waitForTimeout(1500);
  const picture = await page.screenshot({ animations: "disabled", caret: "hide" });
  writeFileSync(join(images, `${name}.png`), indexedPng(picture));
  console.log(`docs/images/${name}.png`);
}
