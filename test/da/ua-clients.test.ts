import assert from "node:assert/strict";
import {
  AttributeIds,
  BrowseDirection,
  type ClientSession,
  DataType,
  DataValue,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  StatusCodes,
  TimestampsToReturn,
  UserTokenType,
  Variant,
} from "node-opcua";
import type { ConnectionMode } from "../../src/core/policy.ts";
import { systemClock } from "../../src/opc/clock.ts";
import { varType } from "../../src/opc/da/wire/var-type.ts";
import { UaService } from "../../src/opc/ua/ua-service.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import "../opc/fixtures/quiet.ts";
import { eventually, PlayedPair } from "./support/played-pair.ts";

interface Sample {
  readonly value: unknown;
  readonly statusCode: string;
}

describe("OPC UA clients of a DA pair", function () {
  this.timeout(20_000);
  let played: PlayedPair;
  let ua: UaService;
  let client: OPCUAClient;
  let session: ClientSession;
  let url: string;

  async function start(mode: ConnectionMode): Promise<void> {
    played = await PlayedPair.start(mode);
    played.set({ level: 1, flow: 2 }, 0);
    const port = await freePort();
    ua = await UaService.create({
      settings: {
        host: "127.0.0.1",
        port,
        securityPolicies: ["None"],
        allowAnonymous: true,
        trustAllClientCertificates: false,
      },
      projectFile: "plant.xml",
      stateDirectory: played.directory,
      report: (record) => played.records.push(record),
      clock: systemClock,
    });
    await ua.listen();
    ua.addGuest(played.pair);
    url = `opc.tcp://127.0.0.1:${port}/Plant`;
    client = OPCUAClient.create({
      endpointMustExist: false,
      securityMode: MessageSecurityMode.None,
      securityPolicy: SecurityPolicy.None,
      keepSessionAlive: false,
      connectionStrategy: { maxRetry: 0 },
    });
    await client.connect(url);
    session = await client.createSession();
  }

  afterEach(async () => {
    await session?.close().catch(() => undefined);
    await client?.disconnect();
    await ua?.stop("test over");
    await played?.stop();
  });

  it("browse, read with attributes, and write", async () => {
    await start("warm");
    const objects = await session.browse({
      nodeId: "i=85",
      browseDirection: BrowseDirection.Forward,
      resultMask: 63,
    });
    const names = objects.references?.map(({ browseName }) => browseName.name);
    assert.deepEqual(names, ["Server", "Folder/1", "level", "flow"]);
    const folder = objects.references?.[1];
    assert.ok(folder);
    const deeper = await session.browse(folder.nodeId.toString());
    assert.equal(deeper.references?.[0]?.nodeId.toString(), "ns=1;s=Folder/1.deep");

    const node = "ns=1;s=level";
    const [value, type, access, name, unknown] = await session.read([
      { nodeId: node, attributeId: AttributeIds.Value },
      { nodeId: node, attributeId: AttributeIds.DataType },
      { nodeId: node, attributeId: AttributeIds.AccessLevel },
      { nodeId: node, attributeId: AttributeIds.BrowseName },
      { nodeId: "ns=1;s=none", attributeId: AttributeIds.DataType },
    ]);
    assert.equal(value?.value.value, 1);
    assert.equal(value?.sourceTimestamp?.toISOString(), "2026-01-01T00:00:00.000Z");
    assert.equal(type?.value.value.toString(), `ns=0;i=${DataType.Int32}`);
    assert.equal(access?.value.value, 3);
    assert.equal(name?.value.value.name, "level");
    assert.equal(unknown?.statusCode.name, "BadNodeIdUnknown");
    const namespaces = await session.readNamespaceArray();
    assert.equal(namespaces[1], "urn:understudy:opcda:Plant.Server.1:items");

    const written = await session.write({
      nodeId: node,
      attributeId: AttributeIds.Value,
      value: new DataValue({ value: new Variant({ dataType: DataType.Int32, value: 7 }) }),
    });
    assert.equal(written, StatusCodes.Good);
    assert.deepEqual(played.primary.writes, [{ itemId: "level", value: { type: varType.i4, value: 7 } }]);
  });

  for (const mode of ["cold", "warm", "hot"] as const) {
    it(`go on getting values through the end of the active server, and see when nothing serves, ${mode}`, async () => {
      await start(mode);
      const samples: Sample[] = [];
      const subscription = await session.createSubscription2({
        requestedPublishingInterval: 50,
        requestedLifetimeCount: 1000,
        requestedMaxKeepAliveCount: 20,
        publishingEnabled: true,
        priority: 0,
        maxNotificationsPerPublish: 0,
      });
      const monitored = await subscription.monitor(
        { nodeId: "ns=1;s=level", attributeId: AttributeIds.Value },
        { samplingInterval: 50, queueSize: 10, discardOldest: true },
        TimestampsToReturn.Both,
      );
      monitored.on("changed", ({ value, statusCode }: DataValue) =>
        samples.push({ value: value?.value ?? null, statusCode: statusCode.name }),
      );
      await eventually(() => samples.some(({ value }) => value === 1));
      played.set({ level: 2 }, 100);
      await eventually(() => samples.some(({ value }) => value === 2));
      played.primary.kill();
      await eventually(() => played.pair.host.status().active === "secondary");
      played.secondary.set({ level: 3 }, 200);
      await eventually(() => samples.some(({ value }) => value === 3));
      assert.deepEqual(
        samples.filter(({ statusCode }) => statusCode === "Good").map(({ value }) => value),
        [1, 2, 3],
      );
      played.secondary.kill();
      await eventually(() => samples.at(-1)?.statusCode === "BadNoCommunication", 6000);
      assert.equal(played.pair.status([]).clients, 1);
    });
  }

  it("are refused with a user name: nobody could say whether the password is right", async () => {
    await start("warm");
    const other = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
    await other.connect(url);
    try {
      await assert.rejects(
        other.createSession({ type: UserTokenType.UserName, userName: "joe", password: "secret" }),
        /BadIdentityTokenRejected|BadIdentityTokenInvalid|user/i,
      );
    } finally {
      await other.disconnect();
    }
  });
});
