import assert from "node:assert/strict";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { ApplicationType, SecurityPolicy } from "node-opcua";
import type { ConnectionMode } from "../../src/core/policy.ts";
import type { Role } from "../../src/core/role.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import { Changes } from "./support/changes.ts";
import { readStatus, writeStatus } from "./support/items.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings, type Settings } from "./support/project-text.ts";
import { ramps, Watcher } from "./support/watcher.ts";

const operator = { name: "operator", password: "pässword" };
const service = { name: "service", password: "of the broker itself" };

/** The hot pair has an alias. */
function nameOf(mode: ConnectionMode): string {
  return mode === "hot" ? "Boiler.House" : mode;
}

describe("a broker that admits known users over secured connections", function () {
  this.timeout(30_000);
  let plant: Plant;
  let ownPort: number;

  const url = (pair: string): string => plant.url(pair);
  const pki = (...path: readonly string[]): string => join(plant.broker.stateDirectory, "pki", ...path);

  before(async () => {
    ownPort = await freePort();
    plant = await Plant.start({
      simulator: { items: 5, secure: true, anonymous: false, users: [operator, service] },
      pairs: (places) =>
        modes.map((mode) => {
          const pair = pairSettings(mode, mode, places) as Settings & Record<Role, Settings>;
          const secured = (member: Settings): Settings => ({
            ...member,
            securityPolicy: "Basic256Sha256",
            trustServerCertificate: true,
            user: { name: service.name, password: "env:E2E_PASSWORD" },
          });
          const more = mode === "hot" ? { alias: nameOf(mode), port: ownPort } : {};
          return { ...pair, primary: secured(pair.primary), secondary: secured(pair.secondary), ...more };
        }),
      opcUa: { securityPolicies: ["Basic256Sha256"], allowAnonymous: false },
      environment: { E2E_PASSWORD: service.password },
    });
    await Promise.all(modes.map((mode) => plant.broker.untilServing(nameOf(mode))));
  });
  afterEach(() => plant.clients.closeAll());
  after(() => plant.stop());

  const connect = (pair: string, user = operator) => plant.clients.connect(url(pair), { secure: true, user });

  it("refuses a client whose certificate nobody has trusted, and keeps the certificate to be trusted", async () => {
    await assert.rejects(connect("cold"));
    const rejected = await readdir(pki("rejected"));
    assert.equal(rejected.length, 1);
  });

  it("admits the client once its certificate is moved to the trusted ones, without a restart", async () => {
    const [name = ""] = await readdir(pki("rejected"));
    await rename(pki("rejected", name), pki("trusted", "certs", name));
    const trials = new Changes();
    let admitted = false;
    const attempt = (): Promise<void> =>
      connect("cold").then(
        () => {
          admitted = true;
          trials.announce();
        },
        () => attempt(),
      );
    attempt().catch(() => undefined);
    await trials.until(() => admitted, "the certificate to be trusted");
  });

  it("refuses a wrong password with the status of the server", async () => {
    await assert.rejects(connect("warm", { ...operator, password: "wrong" }), /BadUserAccessDenied/);
    const after = plant.broker.lastEventId;
    await assert.rejects(connect("warm", { name: "nobody", password: "any" }), /BadUserAccessDenied/);
    const { client } = await plant.broker.untilEvent(({ code }) => code === "clientRefused", "a refusal", {
      after,
    });
    assert.match(client ?? "", /Panel/);
  });

  it("refuses anonymous clients and unsecured sessions", async () => {
    await assert.rejects(plant.clients.connect(url("warm"), { secure: true }), /ANONYMOUS|BadIdentityToken/i);
    await assert.rejects(
      plant.clients.connect(url("warm"), { user: operator }),
      /BadSecurityPolicyRejected|endpoint|security/i,
    );
  });

  for (const mode of modes) {
    it(`carries the user over to the other member at a switchover (${mode})`, async () => {
      const pair = nameOf(mode);
      const { client, session } = await connect(pair);
      assert.equal(client.securityPolicy, SecurityPolicy.Basic256Sha256);
      const watcher = await Watcher.create(session, ramps(5));
      await watcher.more();
      const ids = watcher.ids();
      const sinceMs = performance.now();
      for (const to of ["secondary", "primary"] as const) {
        const answer = await plant.broker.control.switchover(pair, {
          to,
          reason: "test",
          force: true,
          dryRun: false,
        });
        assert.ok(answer.accepted, answer.explanation.join(" "));
        await watcher.more(3, `values of the ${to} in ${mode}`);
        assert.equal(await writeStatus(session, "Writable0", 1), "Good");
      }
      assert.deepEqual(watcher.ids(), ids);
      const { lost, duplicated, disordered } = watcher.account(sinceMs);
      assert.deepEqual([duplicated, disordered], [0, 0]);
      if (mode === "hot") assert.equal(lost, 0);
    });
  }

  it("tells every client its pairs and their endpoints, also without security", async () => {
    const discovery = plant.clients.application();
    try {
      await discovery.connect(`opc.tcp://127.0.0.1:${plant.port}`);
      const servers = await discovery.findServers();
      assert.deepEqual(
        servers.map(({ applicationName, applicationType, discoveryUrls }) => [
          applicationName.text,
          applicationType,
          discoveryUrls,
        ]),
        [
          ["cold", ApplicationType.Server, [url("cold")]],
          ["warm", ApplicationType.Server, [url("warm")]],
          ["Boiler.House", ApplicationType.Server, [url("Boiler.House")]],
        ],
      );
      const all = await discovery.getEndpoints();
      assert.deepEqual(
        all.map(({ endpointUrl }) => endpointUrl),
        [url("cold"), url("warm"), url("Boiler.House")],
      );
      const one = await discovery.getEndpoints({ endpointUrl: url("warm") });
      assert.deepEqual(
        one.map(({ endpointUrl, securityPolicyUri, userIdentityTokens }) => [
          endpointUrl,
          securityPolicyUri,
          userIdentityTokens?.map(({ policyId }) => policyId),
        ]),
        [[url("warm"), SecurityPolicy.Basic256Sha256, ["username"]]],
      );
    } finally {
      await discovery.disconnect();
    }
  });

  it("serves one pair on a port of its own, whatever the path", async () => {
    const endpointUrl = `opc.tcp://127.0.0.1:${ownPort}`;
    const { session } = await plant.clients.connect(endpointUrl, { secure: true, user: operator });
    assert.equal(await readStatus(session, "Text"), "Good");
    const discovery = plant.clients.application();
    try {
      await discovery.connect(endpointUrl);
      const endpoints = await discovery.getEndpoints();
      assert.deepEqual(
        endpoints.map((endpoint) => endpoint.endpointUrl),
        [`${endpointUrl}/Boiler.House`],
      );
    } finally {
      await discovery.disconnect();
    }
    const named = await plant.clients.connect(`${endpointUrl}/boiler.HOUSE`, {
      secure: true,
      user: operator,
    });
    assert.equal(await readStatus(named.session, "Text"), "Good");
  });

  it("refuses the name of a pair that does not exist, and of one that is served elsewhere", async () => {
    await assert.rejects(connect("Nothing"), /BadTcpEndpointUrlInvalid/);
    const elsewhere = `opc.tcp://127.0.0.1:${ownPort}/cold`;
    await assert.rejects(
      plant.clients.connect(elsewhere, { secure: true, user: operator }),
      /BadTcpEndpointUrlInvalid/,
    );
    // no path, and more than one pair to choose from
    await assert.rejects(
      plant.clients.connect(`opc.tcp://127.0.0.1:${plant.port}`, { secure: true, user: operator }),
      /BadTcpEndpointUrlInvalid/,
    );
  });
});
