import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { planDeployment, withoutNotifications } from "../../src/project/deployment.ts";
import { changesText, projectChanges } from "../../src/project/difference-text.ts";
import { keepProject, keptProjects, mostKeptProjects } from "../../src/project/kept-projects.ts";
import { emptyMachineState, withPairEnabled } from "../../src/project/machine-state.ts";
import { parseProject } from "../../src/project/project-document.ts";
import { missingSecrets, secretUses } from "../../src/project/secret-references.ts";
import { pairsText, pairText, withDirectory } from "./support.ts";

const read = (...pairs: readonly string[]) => parseProject(pairsText(...pairs), "plant.xml");
const monitor = (...items: readonly string[]): string =>
  `<monitorItems>${items.map((id) => `<monitorItem><itemId>${id}</itemId></monitorItem>`).join("")}</monitorItems>`;

describe("what differs between two projects, in words", () => {
  const changes = (before: string, after: string): string =>
    changesText(projectChanges(read(before).project, read(after).project));

  it("is told setting by setting, with the old and the new value", () => {
    assert.equal(
      changes(
        pairText("P", monitor("ns=1;s=A", "ns=1;s=B")),
        pairText(
          "P",
          `<queryServerStatusInterval>250</queryServerStatusInterval>${monitor("ns=1;s=B", "c d")}`,
        ),
      ),
      `~ pair P
    queryServerStatusInterval: 1000 -> 250
    - monitorItems/monitorItem[1]: { itemId ns=1;s=A }
    + monitorItems/monitorItem[2]: { itemId "c d" }
`,
    );
    assert.equal(changes(pairText("P"), pairText("P")), "No setting differs.\n");
  });

  it("names protected servers that come, go, and change", () => {
    const with_ = (document: ReturnType<typeof read>, name: string, change: object = {}) =>
      document.addServer({ name, address: "192.0.2.10", ...change });
    const before = with_(with_(read(pairText("P")), "files"), "web");
    const after = with_(with_(read(pairText("P")), "mail"), "web", { pingInterval: 500 });
    assert.equal(
      changesText(projectChanges(before.project, after.project)),
      `+ server mail: 192.0.2.10
- server files: 192.0.2.10
~ server web
    pingInterval: 2000 -> 500
`,
    );
  });

  it("never shows a secret, nor where it is", () => {
    const user = (reference: string): string =>
      pairText("P").replace(
        "<machine>a</machine>",
        `<machine>a</machine><user><name>u</name><password>${reference}</password></user>`,
      );
    const text = changes(user("env:OLD_SECRET"), user("file:new-secret"));
    assert.match(text, /primary\/user\/password: \(not shown\) -> another \(not shown\)/);
    assert.doesNotMatch(text, /SECRET|secret/);
  });

  it("tells of project-wide settings and of the clients they drop", () => {
    const next = read(pairText("P"))
      .setValue("opcUa/port", 48500)
      .setValue("diagnostics/maximumEvents", 2000);
    assert.equal(
      changesText(projectChanges(read(pairText("P")).project, next.project)),
      `~ project-wide settings (disconnects the clients of all pairs)
    opcUa/port: 48400 -> 48500
    diagnostics/maximumEvents: 5000 -> 2000
`,
    );
  });
});

describe("planning a deployment", () => {
  const state = withPairEnabled(withPairEnabled(emptyMachineState, "P", true), "Old", true);

  it("starts with every pair disabled unless those enabled are to stay so", () => {
    const options = { present: read(pairText("Old")), next: read(pairText("p"), pairText("Q")), state };
    const plan = planDeployment({ ...options, keepEnabled: false });
    assert.deepEqual([plan.enabledBefore, plan.enabledAfter, plan.pairs], [["Old", "P"], [], ["p", "Q"]]);
    assert.deepEqual(planDeployment({ ...options, keepEnabled: true }).enabledAfter, ["p"]);
  });

  it("takes no project for an empty one", () => {
    const plan = planDeployment({ present: null, next: read(pairText("P")), state, keepEnabled: false });
    assert.deepEqual(
      plan.changes.added.map(({ name }) => name),
      ["P"],
    );
  });

  it("leaves out e-mail settings of the project, of every pair and of every protected server", () => {
    const mail = "<notifications><header>h</header></notifications>";
    const document = read(pairText("P", mail), pairText("Q"))
      .setValue("notifications/header", "all")
      .addServer({ name: "files", address: "192.0.2.7" })
      .addServer({ name: "web", address: "192.0.2.8", notifications: { header: "h" } });
    const { project } = withoutNotifications(document);
    const own = [...project.pairs, ...project.servers].map(({ notifications }) => notifications);
    assert.deepEqual(
      [project.notifications.header, own],
      [read(pairText("P")).project.notifications.header, [null, null, null, null]],
    );
  });
});

describe("secrets of a project", () => {
  const user = (reference: string): string =>
    pairText("P").replace(
      "<machine>b</machine>",
      `<machine>b</machine><user><name>u</name><password>${reference}</password></user>`,
    );

  it("are found wherever they are named, and missed where they cannot be had", async () => {
    const { project } = read(user("env:PLC_SECRET"));
    const path = "pairs/pair[1]/secondary/user/password";
    assert.deepEqual(secretUses(project), [{ path, reference: "env:PLC_SECRET" }]);
    const context = { projectFile: "plant.xml", environment: { PLC_SECRET: "x" } };
    assert.deepEqual(await missingSecrets(project, context), []);
    const [missing] = await missingSecrets(project, { ...context, environment: {} });
    assert.deepEqual([missing?.path, missing?.code], [path, "SECRET_NOT_FOUND"]);
  });
});

describe("projects that were replaced", () => {
  it("are kept up to a number, the oldest goes first", () =>
    withDirectory(async (directory) => {
      for (let count = 1; count <= mostKeptProjects + 3; count += 1) {
        const note = { replacedAt: new Date(count * 1000), enabledPairs: [`P${count}`] };
        await keepProject(directory, Buffer.from(`project ${count}`), note);
      }
      const kept = await keptProjects(directory);
      assert.equal(kept.length, mostKeptProjects);
      assert.deepEqual([kept[0]?.number, kept.at(-1)?.number], [4, mostKeptProjects + 3]);
      const last = kept.at(-1);
      assert.ok(last);
      assert.equal(readFileSync(last.file, "utf8"), `project ${mostKeptProjects + 3}`);
      assert.deepEqual(last.enabledPairs, [`P${mostKeptProjects + 3}`]);
    }));
});
