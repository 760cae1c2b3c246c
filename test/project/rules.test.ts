import assert from "node:assert/strict";
import type { Project } from "../../src/project/project.ts";
import { parseProject } from "../../src/project/project-document.ts";
import { essence, pairsText, pairText, projectText, refusalOf } from "./support.ts";

describe("the rules across elements", () => {
  const read = (text: string): Project => parseProject(text, "plant.xml").project;
  const items = (...list: readonly string[]): string => `<monitorItems>${list.join("")}</monitorItems>`;
  const item = (more: string, id = "ns=1;s=A"): string =>
    `<monitorItem><itemId>${id}</itemId>${more}</monitorItem>`;
  const trigger = (kind: string, data: string | null, type = "Default"): string =>
    pairsText(
      pairText(
        "A",
        items(
          item(
            `<dataType>${type}</dataType><trigger>${kind}</trigger>${data === null ? "" : `<triggerData>${data}</triggerData>`}`,
          ),
        ),
      ),
    );
  const dataPath = "pairs/pair[1]/monitorItems/monitorItem[1]/triggerData";

  it("refuses two pairs of one server without an alias and says how to help it", () => {
    const error = refusalOf(pairsText(pairText("Plant"), pairText("Plant")));
    assert.deepEqual(essence(error), ["PROJECT_NAME_DUPLICATE", "pairs/pair[2]/server", 5]);
    assert.match(error.message, /give the pair an <alias>/);
  });

  it("refuses an alias that is another pair's name, also in other case", () => {
    const error = refusalOf(pairsText(pairText("Plant"), pairText("Mill", "<alias>PLANT</alias>")));
    assert.deepEqual(essence(error), ["PROJECT_NAME_DUPLICATE", "pairs/pair[2]/alias", 5]);
  });

  it("accepts two pairs of one server when one has an alias", () => {
    assert.equal(read(pairsText(pairText("P"), pairText("P", "<alias>P.2</alias>"))).pairs.length, 2);
  });

  for (const [character, written] of [
    ["<", "&lt;"],
    [">", "&gt;"],
    ["&", "&amp;"],
    ["&", "&#38;"],
    ["<", "<![CDATA[<]]>"],
  ] as const) {
    it(`refuses ${character} in an alias, written ${written}`, () => {
      const error = refusalOf(pairsText(pairText("P", `<alias>a${written}b</alias>`)));
      assert.deepEqual(essence(error), ["PROJECT_VALUE_INVALID", "pairs/pair[1]/alias", 4]);
    });
  }

  it("refuses a name that cannot stand in the URL of an OPC UA pair", () => {
    for (const name of ["a/b", "a b", "a?b", "a%20b", ".."]) {
      assert.equal(refusalOf(pairsText(pairText(name))).path, "pairs/pair[1]/server");
    }
    assert.equal(refusalOf(pairsText(pairText("P", "<alias>a#b</alias>"))).path, "pairs/pair[1]/alias");
  });

  it("lets an OPC DA pair have any ProgID, and an OPC UA pair hide a bad name behind an alias", () => {
    read(pairsText(pairText("My Server/2").replace("opcua", "opcda")));
    read(pairsText(pairText("My Server/2", "<alias>MyServer2</alias>")));
  });

  describe("of endpoint URLs", () => {
    const withUrl = (protocol: string, url: string): string =>
      pairsText(pairText("P").replace("opcua", protocol)).replace(
        "</machine></primary>",
        `</machine><endpointUrl>${url}</endpointUrl></primary>`,
      );

    it("lets a member of an OPC DA pair have a ProgID of its own", () => {
      for (const url of [
        "opcda://localhost/Vendor.Server.2",
        "opcda://fe80::1/My Server",
        "opcda://a/{B2-C}",
      ]) {
        assert.equal(read(withUrl("opcda", url)).pairs[0]?.primary.endpointUrl, url);
      }
    });

    for (const [protocol, url] of [
      ["opcua", "opcda://localhost/Vendor.Server.2"],
      ["opcda", "opc.tcp://localhost:4840"],
      ["opcda", "opcda://localhost"],
      ["opcda", "opcda://localhost/"],
      ["opcda", "opcda:///Vendor.Server.2"],
      ["opcda", "opcda://localhost/a/b"],
      ["opcda", "opcda://localhost/a\\b"],
    ] as const) {
      it(`refuses ${url} of an ${protocol} pair`, () => {
        const error = refusalOf(withUrl(protocol, url));
        assert.deepEqual(
          [error.code, error.path],
          ["PROJECT_VALUE_INVALID", "pairs/pair[1]/primary/endpointUrl"],
        );
      });
    }
  });

  it("refuses a port of a pair's own that is the shared one or another pair's", () => {
    const own = "<port>5000</port>";
    assert.deepEqual(essence(refusalOf(pairsText(pairText("A", own), pairText("B", own)))), [
      "PROJECT_PORT_CONFLICT",
      "pairs/pair[2]/port",
      5,
    ]);
    assert.match(
      refusalOf(pairsText(pairText("A", "<port>48400</port>"))).message,
      /pairs\/pair\[1\]\/port: found 48400, which is opcUa\/port already, expected a port of its own$/,
    );
  });

  it("refuses a failure count above the number of monitor items", () => {
    const text = pairsText(
      pairText("A", `${items(item(""))}<monitorItemFailureCount>2</monitorItemFailureCount>`),
    );
    assert.deepEqual(essence(refusalOf(text)), [
      "PROJECT_VALUE_INVALID",
      "pairs/pair[1]/monitorItemFailureCount",
      4,
    ]);
    read(pairsText(pairText("A", "<monitorItemFailureCount>2</monitorItemFailureCount>")));
  });

  it("refuses trigger data that does not fit the trigger", () => {
    for (const [kind, data, type] of [
      ["noChange", null, "Default"],
      ["noChange", "soon", "Default"],
      ["noChange", "0", "Default"],
      ["noChange", "1.5", "Default"],
      ["specificValue", null, "Default"],
      ["specificValue", "abc", "Long"],
      ["specificValue", "256", "Byte"],
      ["specificValue", "-1", "DWord"],
      ["specificValue", "maybe", "Boolean"],
      ["specificValue", "1,5", "Double"],
      ["specificValue", "tomorrow", "Date"],
      ["badQuality", "1", "Default"],
    ] as const) {
      assert.equal(refusalOf(trigger(kind, data, type)).path, dataPath, `${kind} ${data} ${type}`);
    }
  });

  it("accepts trigger data that fits, and leaves a watchdog period that is too short to the core", () => {
    for (const [kind, data, type] of [
      ["noChange", "1", "Default"],
      ["specificValue", "abc", "Default"],
      ["specificValue", "-9223372036854775808", "LLong"],
      ["specificValue", "1e3", "Double"],
      ["specificValue", "TRUE", "Boolean"],
      ["specificValue", "2030-01-31T12:00:00Z", "Date"],
      ["badQuality", null, "Default"],
    ] as const) {
      read(trigger(kind, data, type));
    }
  });

  it("refuses the same monitor item with the same trigger twice, and accepts two triggers on one item", () => {
    assert.equal(
      refusalOf(pairsText(pairText("A", items(item(""), item("<updateRate>50</updateRate>"))))).path,
      "pairs/pair[1]/monitorItems/monitorItem[2]",
    );
    read(
      pairsText(
        pairText("A", items(item(""), item("<trigger>noChange</trigger><triggerData>9</triggerData>"))),
      ),
    );
  });

  it("refuses a warning that would come after the failure", () => {
    const error = refusalOf(pairsText(pairText("A", "<failover><warnAfter>2</warnAfter></failover>")));
    assert.equal(error.path, "pairs/pair[1]/failover/warnAfter");
  });

  it("refuses an endpoint URL with an impossible port", () => {
    const text = pairsText(
      pairText("A").replace(
        "</machine></primary>",
        "</machine><endpointUrl>opc.tcp://a:70000</endpointUrl></primary>",
      ),
    );
    assert.equal(refusalOf(text).path, "pairs/pair[1]/primary/endpointUrl");
  });

  it("asks enabled notifications for a mail server, a sender and a recipient", () => {
    const error = refusalOf(projectText("<notifications><enabled>true</enabled></notifications>"));
    assert.deepEqual(
      error.problems.map(({ code, path }) => [code, path]),
      [
        ["PROJECT_ELEMENT_MISSING", "notifications/primarySmtp"],
        ["PROJECT_ELEMENT_MISSING", "notifications/from"],
        ["PROJECT_ELEMENT_MISSING", "notifications/to"],
      ],
    );
  });

  it("knows the events of the catalogue and asks whether a near one was meant", () => {
    const events = (code: string): string =>
      projectText(`<notifications><events><event>${code}</event></events></notifications>`);
    assert.deepEqual(read(events("promoted")).notifications.events, ["promoted"]);
    const error = refusalOf(events("promotd"));
    assert.equal(error.path, "notifications/events/event[1]");
    assert.match(error.message, /promoted: did you mean that\?/);
  });

  it("refuses a mail user without a password", () => {
    const smtp = "<notifications><primarySmtp><host>m</host><user>u</user></primarySmtp></notifications>";
    assert.equal(refusalOf(projectText(smtp)).path, "notifications/primarySmtp/password");
  });
});
