import assert from "node:assert/strict";
import { diffProjects, type ProjectDifference } from "../../src/project/difference.ts";
import { pairName } from "../../src/project/project.ts";
import { type ProjectDocument, parseProject } from "../../src/project/project-document.ts";
import { pairsText, pairText } from "./support.ts";

describe("the difference between two projects", () => {
  const document = parseProject(pairsText(pairText("Plant"), pairText("Mill")), "plant.xml");
  const differenceAfter = (edit: (before: ProjectDocument) => ProjectDocument): ProjectDifference =>
    diffProjects(document.project, edit(document).project);

  it("is empty for the same settings, whatever the order of the pairs and the text", () => {
    const turned = parseProject(
      pairsText("<!-- x -->", pairText("Mill"), pairText("Plant", "<connectionMode>hot</connectionMode>")),
      "other.xml",
    );
    assert.equal(diffProjects(document.project, turned.project).isEmpty, true);
  });

  it("names pairs added and removed", () => {
    const difference = differenceAfter((before) =>
      before.removePair("Mill").addPair({
        server: "Quay",
        protocol: "opcua",
        primary: { machine: "a" },
        secondary: { machine: "b" },
      }),
    );
    assert.deepEqual(difference.added.map(pairName), ["Quay"]);
    assert.deepEqual(difference.removed.map(pairName), ["Mill"]);
    assert.equal(difference.isEmpty, false);
  });

  it("takes a pair that is seen under another name for another pair", () => {
    const difference = differenceAfter((before) => before.setAlias("Mill", "Mill.2"));
    assert.deepEqual(difference.added.map(pairName), ["Mill.2"]);
    assert.deepEqual(difference.removed.map(pairName), ["Mill"]);
  });

  it("applies timing, mode, triggers and limits in place", () => {
    const difference = differenceAfter((before) =>
      before
        .setValue("pairs/pair[1]/queryServerStatusInterval", 100)
        .setValue("pairs/pair[1]/connectionMode", "warm")
        .setValue("pairs/pair[1]/monitorItems", [{ itemId: "a" }])
        .setValue("pairs/pair[1]/failover/switchoverLimit", { switchovers: 3 })
        .setValue("pairs/pair[1]/diagnostics", { maximumEvents: 1000 }),
    );
    assert.deepEqual(difference.reconnected, []);
    assert.deepEqual(
      difference.changed.map(({ name, paths }) => [name, paths]),
      [
        [
          "Plant",
          [
            "connectionMode",
            "queryServerStatusInterval",
            "monitorItems",
            "failover/switchoverLimit",
            "diagnostics",
          ],
        ],
      ],
    );
  });

  it("reconnects only the member whose place changed", () => {
    const difference = differenceAfter((before) =>
      before.setValue("pairs/pair[2]/secondary/endpointUrl", "opc.tcp://b:1"),
    );
    assert.deepEqual(difference.changed, []);
    assert.deepEqual(
      difference.reconnected.map(({ name, paths, reconnect }) => [name, paths, reconnect]),
      [["Mill", ["secondary/endpointUrl"], ["secondary"]]],
    );
  });

  it("reconnects a member when its user appears, and both when the protocol changes", () => {
    const user = differenceAfter((before) =>
      before.setValue("pairs/pair[1]/primary/user", { name: "u", password: "env:P" }),
    );
    assert.deepEqual(user.reconnected[0]?.reconnect, ["primary"]);
    const protocol = differenceAfter((before) => before.setValue("pairs/pair[1]/protocol", "opcda"));
    assert.deepEqual(protocol.reconnected[0]?.reconnect, ["primary", "secondary"]);
  });

  it("tells settings of the front that drop all clients from those that do not", () => {
    const live = differenceAfter((before) => before.setValue("opcUa/allowAnonymous", true));
    assert.deepEqual([live.front, live.frontRestarts], [["opcUa/allowAnonymous"], false]);
    const port = differenceAfter((before) => before.setValue("opcUa/port", 48401));
    assert.deepEqual([port.front, port.frontRestarts], [["opcUa/port"], true]);
  });

  it("names project-wide diagnostics and notification settings", () => {
    const difference = differenceAfter((before) =>
      before.setValue("diagnostics/maximumEvents", 1000).setValue("notifications/footer", "x"),
    );
    assert.deepEqual(difference.general, ["diagnostics/maximumEvents", "notifications/footer"]);
  });
});
