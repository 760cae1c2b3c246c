import assert from "node:assert/strict";
import { diffProjects } from "../../src/project/difference.ts";
import { newProject, parseProject } from "../../src/project/project-document.ts";
import type { ServerSettings } from "../../src/project/server.ts";
import type { NewServer } from "../../src/project/servers.ts";
import { pairText, projectText, refusal, refusalOf } from "./support.ts";

const serverText = (more = "", name = "files"): string =>
  `<server><name>${name}</name><address>192.0.2.10</address>${more}</server>`;
const serversText = (...servers: readonly string[]): string =>
  projectText(`<servers>${servers.join("\n")}</servers>`);
const read = (more: string): ServerSettings => {
  const [server] = parseProject(serversText(serverText(more)), "plant.xml").project.servers;
  assert.ok(server);
  return server;
};

describe("a protected server in the project", () => {
  it("has the defaults of the seed: 2000 ms, 1000 ms, 5, 15 and 30", () => {
    const { pingInterval, pingTimeout, failover, probes, takeover } = read("");
    assert.deepEqual([pingInterval, pingTimeout], [2000, 1000]);
    const { warnAfter, failAfter, failAfterStartup, approval } = failover;
    assert.deepEqual([warnAfter, failAfter, failAfterStartup, approval], [5, 15, 30, "automatic"]);
    assert.deepEqual([probes, takeover.assumeIpAddress, takeover.dns], [[], false, null]);
  });

  it("is written and read again with all it can have", () => {
    const full: NewServer = {
      name: "files",
      address: "192.0.2.10",
      probes: [
        { kind: "icmp" },
        { kind: "command", command: { program: "/bin/true", arguments: ["a b", "<&>"] } },
      ],
      witnesses: ["192.0.2.1"],
      takeover: {
        assumeIpAddress: true,
        addresses: [{ address: "2001:db8::10/64", interface: "eth0" }],
        dns: {
          server: "192.0.2.53",
          keyFile: "update.key",
          records: [{ name: "files.example", type: "A", live: "192.0.2.10", standIn: "192.0.2.20" }],
        },
        services: [{ name: "web", unit: "nginx.service", readiness: { kind: "tcp", port: 80 } }],
      },
      replication: {
        files: [
          { source: "/srv", destination: "/copy", ssh: { user: "root" }, include: [{ subdirectory: "a" }] },
        ],
        databases: [
          {
            catalog: "shop",
            source: { host: "192.0.2.10", user: "postgres", password: "env:PASSWORD" },
            standIn: { host: "/run/postgresql", user: "postgres" },
            mode: "hot",
            dailyAt: "02:30",
          },
        ],
      },
    };
    const document = newProject().addServer(full);
    const again = parseProject(document.toString(), "plant.xml");
    assert.deepEqual(again.project.servers, document.project.servers);
    assert.equal(again.removeServer("FILES").project.servers.length, 0);
    assert.equal(refusal(() => again.removeServer("fils")).code, "SERVER_UNKNOWN");
  });

  it("is told apart from pairs and other servers by its name", () => {
    const twice = refusalOf(serversText(serverText(), serverText("", "FILES")));
    assert.deepEqual([twice.code, twice.path], ["PROJECT_NAME_DUPLICATE", "servers/server[2]/name"]);
    const pair = refusalOf(
      projectText(`<pairs>${pairText("Files")}</pairs><servers>${serverText()}</servers>`),
    );
    assert.deepEqual([pair.code, pair.path], ["PROJECT_NAME_DUPLICATE", "servers/server[1]/name"]);
  });

  const refused: readonly (readonly [string, string, string])[] = [
    [
      "automatically stopping where the addresses are assumed",
      "<failover><automaticallyStopFailover>true</automaticallyStopFailover></failover><takeover><assumeIpAddress>true</assumeIpAddress><addresses><address><address>192.0.2.10/24</address><interface>eth0</interface></address></addresses></takeover>",
      "failover/automaticallyStopFailover",
    ],
    [
      "assuming no address",
      "<takeover><assumeIpAddress>true</assumeIpAddress></takeover>",
      "takeover/addresses",
    ],
    [
      "addresses that are not to be assumed",
      "<takeover><addresses><address><address>192.0.2.10/24</address><interface>eth0</interface></address></addresses></takeover>",
      "takeover/addresses",
    ],
    [
      "an address that is none",
      "<takeover><assumeIpAddress>true</assumeIpAddress><addresses><address><address>192.0.2.300/24</address><interface>eth0</interface></address></addresses></takeover>",
      "takeover/addresses/address[1]/address",
    ],
    [
      "a prefix that is too long",
      "<takeover><assumeIpAddress>true</assumeIpAddress><addresses><address><address>192.0.2.3/33</address><interface>eth0</interface></address></addresses></takeover>",
      "takeover/addresses/address[1]/address",
    ],
    [
      "a TCP probe without a port",
      "<probes><probe><kind>tcp</kind></probe></probes>",
      "probes/probe[1]/port",
    ],
    [
      "an HTTP probe with another URL",
      "<probes><probe><kind>http</kind><url>opc.tcp://a:1</url></probe></probes>",
      "probes/probe[1]/url",
    ],
    [
      "a command probe without a command",
      "<probes><probe><kind>command</kind></probe></probes>",
      "probes/probe[1]/command",
    ],
    [
      "a warning that comes after the failover",
      "<failover><warnAfter>3</warnAfter><failAfter>2</failAfter></failover>",
      "failover/warnAfter",
    ],
    [
      "the server as its own witness",
      "<witnesses><address>192.0.2.10</address></witnesses>",
      "witnesses/address[1]",
    ],
    [
      "a service that is nothing",
      "<takeover><services><service><name>a</name></service></services></takeover>",
      "takeover/services/service[1]/unit",
    ],
    [
      "an AAAA record with an IPv4 address",
      "<takeover><dns><server>a</server><records><record><name>a</name><type>AAAA</type><live>::1</live><standIn>192.0.2.1</standIn></record></records></dns></takeover>",
      "takeover/dns/records/record[1]/standIn",
    ],
    [
      "two trees, one within the other",
      "<replication><files><tree><source>/a</source><destination>/c</destination></tree><tree><source>/b</source><destination>/c/d</destination></tree></files></replication>",
      "replication/files/tree[2]/destination",
    ],
  ];
  for (const [what, more, path] of refused) {
    it(`refuses ${what}`, () => {
      assert.equal(refusalOf(serversText(serverText(more))).path, `servers/server[1]/${path}`);
    });
  }

  it("is seen as added, removed or changed between two projects", () => {
    const a = newProject().addServer({ name: "a", address: "a" }).addServer({ name: "b", address: "b" });
    const b = a
      .removeServer("a")
      .setValue("servers/server[1]/pingInterval", 500)
      .addServer({ name: "c", address: "c" });
    const { servers, general, isEmpty } = diffProjects(a.project, b.project);
    const names = (list: readonly ServerSettings[]): readonly string[] => list.map(({ name }) => name);
    assert.deepEqual(
      [names(servers.added), names(servers.removed), names(servers.changed)],
      [["c"], ["a"], ["b"]],
    );
    assert.deepEqual([general, isEmpty], [[], false]);
  });
});
