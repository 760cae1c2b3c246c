import assert from "node:assert/strict";
import { parseProject } from "../../src/project/project-document.ts";
import { essence, pairsText, pairText, projectText, refusalOf } from "./support.ts";

describe("reading a project", () => {
  it("fills in the defaults of everything left out", () => {
    const { project } = parseProject(projectText(""), "plant.xml");
    assert.deepEqual(project.opcUa, {
      host: "127.0.0.1",
      port: 48400,
      securityPolicies: ["Basic256Sha256"],
      allowAnonymous: false,
      trustAllClientCertificates: false,
    });
    assert.deepEqual(project.diagnostics, { maximumEvents: 5000, preserveOnShutdown: false });
    assert.equal(project.notifications.enabled, false);
    assert.deepEqual(project.pairs, []);
  });

  it("gives a pair the settings a fresh redundant server has", () => {
    const [pair] = parseProject(pairsText(pairText("Plant")), "plant.xml").project.pairs;
    assert.ok(pair);
    assert.equal(pair.connectionMode, "hot");
    assert.equal(pair.queryServerStatusInterval, 1000);
    assert.equal(pair.queryServerStatusTimeout, 500);
    assert.equal(pair.monitorItemFailureCount, 1);
    assert.equal(pair.failover.failAfter, 1);
    assert.equal(pair.failover.switchoverLimit, null);
    assert.equal(pair.failover.approval, "automatic");
    assert.equal(pair.primary.securityPolicy, "Basic256Sha256");
    assert.equal(pair.primary.trustServerCertificate, false);
    assert.equal(pair.alias, null);
    assert.equal(pair.diagnostics, null);
  });

  it("gives a project that nobody can change", () => {
    const { project } = parseProject(pairsText(pairText("Plant")), "plant.xml");
    assert.throws(() => Object.assign(project.opcUa, { port: 1 }), TypeError);
    assert.throws(() => Object.assign(project.pairs[0]?.primary ?? {}, { machine: "x" }), TypeError);
  });

  it("decodes entities, CDATA and significant blanks, and cuts blanks that are layout", () => {
    const { notifications } = parseProject(
      projectText(
        "<notifications><subject>\n  a &amp; &#x62; <!-- no -->\n</subject><header><![CDATA[ <b> ]]></header><footer>&#x20;--&#xA;x&#32;</footer></notifications>",
      ),
      "plant.xml",
    ).project;
    assert.equal(notifications.subject, "a & b");
    assert.equal(notifications.header, " <b> ");
    assert.equal(notifications.footer, " --\nx ");
  });

  it("accepts elements in any order, comments anywhere, CRLF and a byte order mark", () => {
    const text = `\uFEFF<!-- head -->${pairsText(
      "<pair><!-- x --><secondary><machine>b</machine></secondary><primary><machine>a<!-- y --></machine></primary><protocol>opcua</protocol><server>S</server></pair>",
    )
      .replace('<?xml version="1.0" encoding="UTF-8"?>\n', "")
      .replaceAll("\n", "\r\n")}<!-- tail -->`;
    assert.equal(parseProject(text, "plant.xml").project.pairs[0]?.primary.machine, "a");
  });

  const refused: readonly (readonly [string, string, ReturnType<typeof essence>])[] = [
    ["an empty file", "", ["PROJECT_XML_INVALID", "", 1]],
    ["another root element", "<project/>", ["PROJECT_ELEMENT_UNKNOWN", "project", 1]],
    ["a missing version", "<redundancymaster/>", ["PROJECT_VERSION_UNSUPPORTED", "@version", 1]],
    ["a later version", '<redundancymaster version="3"/>', ["PROJECT_VERSION_UNSUPPORTED", "@version", 1]],
    ["a tag that is not closed", projectText("<pairs>"), ["PROJECT_XML_INVALID", "", 4]],
    ["a second root element", `${projectText("")}<x/>`, ["PROJECT_XML_INVALID", "", 5]],
    ["text after the root element", `${projectText("")}x`, ["PROJECT_XML_INVALID", "", 5]],
    ["a comment without an end", projectText("<!-- "), ["PROJECT_XML_INVALID", "", 3]],
    ["a control character", projectText("<pairs>\u0001</pairs>"), ["PROJECT_XML_INVALID", "", 3]],
    ["a processing instruction", projectText("<?php x ?>"), ["PROJECT_XML_INVALID", "", 3]],
    ["elements nested without end", projectText("<a>".repeat(5000)), ["PROJECT_XML_INVALID", "", 3]],
    [
      "an unknown entity",
      projectText("<opcUa>\n<host>&file;</host></opcUa>"),
      ["PROJECT_XML_INVALID", "opcUa/host", 4],
    ],
    ["another encoding", projectText("").replace("UTF-8", "ISO-8859-1"), ["PROJECT_ENCODING_INVALID", "", 1]],
    ["a misspelt element", projectText("<opcUA/>"), ["PROJECT_ELEMENT_UNKNOWN", "opcUA", 3]],
    [
      "an element named like a property of every object",
      projectText("<constructor/>"),
      ["PROJECT_ELEMENT_UNKNOWN", "constructor", 3],
    ],
    [
      "an element twice",
      projectText("<opcUa>\n<port>1</port>\n<port>2</port>\n</opcUa>"),
      ["PROJECT_ELEMENT_DUPLICATE", "opcUa/port", 5],
    ],
    ["an attribute", projectText('<opcUa port="1"/>'), ["PROJECT_ATTRIBUTE_UNKNOWN", "opcUa/@port", 3]],
    ["text between elements", projectText("<opcUa>x</opcUa>"), ["PROJECT_TEXT_UNEXPECTED", "opcUa", 3]],
    [
      "a word for a number",
      projectText("<opcUa><port>many</port></opcUa>"),
      ["PROJECT_VALUE_INVALID", "opcUa/port", 3],
    ],
    [
      "a number with a fraction",
      projectText("<opcUa><port>1.5</port></opcUa>"),
      ["PROJECT_VALUE_INVALID", "opcUa/port", 3],
    ],
    [
      "yes for true",
      projectText("<opcUa><allowAnonymous>yes</allowAnonymous></opcUa>"),
      ["PROJECT_VALUE_INVALID", "opcUa/allowAnonymous", 3],
    ],
    [
      "an element within a value",
      projectText("<opcUa><host><b/></host></opcUa>"),
      ["PROJECT_ELEMENT_UNKNOWN", "opcUa/host/b", 3],
    ],
    [
      "a list without its one necessary entry",
      projectText("<opcUa><securityPolicies/></opcUa>"),
      ["PROJECT_VALUE_INVALID", "opcUa/securityPolicies", 3],
    ],
    [
      "a wrong entry of a list",
      projectText(
        "<opcUa><securityPolicies>\n<securityPolicy>None</securityPolicy>\n<securityPolicy>Aes</securityPolicy></securityPolicies></opcUa>",
      ),
      ["PROJECT_VALUE_INVALID", "opcUa/securityPolicies/securityPolicy[2]", 5],
    ],
    [
      "a missing element of a pair",
      pairsText(
        pairText("A"),
        "<pair><server>B</server><protocol>opcua</protocol><primary><machine>a</machine></primary></pair>",
      ),
      ["PROJECT_ELEMENT_MISSING", "pairs/pair[2]/secondary", 5],
    ],
    [
      "a value of a nested element",
      pairsText(pairText("A"), pairText("B").replace("<machine>b<", "<machine>b c<")),
      ["PROJECT_VALUE_INVALID", "pairs/pair[2]/secondary/machine", 5],
    ],
    [
      "too few events",
      projectText("<diagnostics><maximumEvents>999</maximumEvents></diagnostics>"),
      ["PROJECT_VALUE_INVALID", "diagnostics/maximumEvents", 3],
    ],
    [
      "too many events",
      projectText("<diagnostics><maximumEvents>30001</maximumEvents></diagnostics>"),
      ["PROJECT_VALUE_INVALID", "diagnostics/maximumEvents", 3],
    ],
  ];
  for (const [what, text, expected] of refused) {
    it(`refuses ${what} and says where`, () => {
      assert.deepEqual(essence(refusalOf(text)), expected);
    });
  }

  it("refuses every DOCTYPE, with external entities or an entity bomb behind it", () => {
    const external = `<!DOCTYPE redundancymaster [<!ENTITY x SYSTEM "file:///etc/passwd">]><redundancymaster version="1"><opcUa><host>&x;</host></opcUa></redundancymaster>`;
    const bomb = `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 20 }, (_, i) => `<!ENTITY a${i} "${`&a${i - 1};`.repeat(10)}">`).join("")}]><redundancymaster version="1"/>`;
    for (const text of [external, bomb, "<!doctype html><html/>"]) {
      assert.equal(refusalOf(text).code, "PROJECT_DOCTYPE_REFUSED");
    }
  });

  it("does not take a DOCTYPE in a comment or in CDATA for one", () => {
    const text = projectText(
      "<!-- <!DOCTYPE a> --><notifications><header><![CDATA[<!DOCTYPE a>]]></header></notifications>",
    );
    assert.equal(parseProject(text, "plant.xml").project.notifications.header, "<!DOCTYPE a>");
  });

  it("names file, place, path, what was found and what was expected", () => {
    const error = refusalOf(projectText("<opcUa>\n  <port>70000</port>\n</opcUa>"));
    assert.equal(
      error.message,
      "plant.xml:4:3: opcUa/port: found 70000, expected a whole number from 1 to 65535",
    );
    assert.equal(error.file, "plant.xml");
  });

  it("asks whether a near name was meant", () => {
    assert.match(
      refusalOf(pairsText(pairText("A", "<conectionMode>hot</conectionMode>"))).message,
      /<connectionMode>: did you mean that\?/,
    );
  });

  it("tells of the first problem in the file and holds all of them", () => {
    const error = refusalOf(
      projectText(
        "<opcUa>\n<port>x</port>\n<hots>a</hots>\n<allowAnonymous>1</allowAnonymous></opcUa>\n<diagnostics><maximumEvents>1</maximumEvents></diagnostics>",
      ),
    );
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      ["opcUa/port", "opcUa/hots", "opcUa/allowAnonymous", "diagnostics/maximumEvents"],
    );
    assert.match(error.message, /^plant\.xml:4:1: opcUa\/port: .* \(and 3 more problems\)$/);
  });

  it("never shows what stands where the reference to a secret should", () => {
    const pair = (user: string): string =>
      pairsText(pairText("A").replace("</machine></primary>", `</machine><user>${user}</user></primary>`));
    for (const user of [
      "<name>u</name><password>geheim</password>",
      "<name>u</name><password>&geheim;</password>",
      "geheim",
    ]) {
      const error = refusalOf(pair(user));
      assert.doesNotMatch(JSON.stringify([error.message, error.problems]), /geheim/);
    }
    assert.equal(
      refusalOf(pair("<name>u</name><password>geheim</password>")).code,
      "PROJECT_SECRET_IN_PLAIN",
    );
  });
});
