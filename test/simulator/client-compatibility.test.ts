import assert from "node:assert/strict";
import {
  AttributeIds,
  BrowseDirection,
  type ClientMonitoredItemGroup,
  type ClientSession,
  DataType,
  type DataValue,
  ClientMonitoredItemGroup as MonitoredItemGroup,
  makeBrowsePath,
  ServerState,
  TimestampsToReturn,
  UserTokenType,
  VariantArrayType,
} from "node-opcua";
import { SimulatorProcess } from "../../tools/simulator/process.ts";
import { withClient } from "./opcua-client.ts";
import { waitFor } from "./wait.ts";

const values = [
  [DataType.Double, 1.5],
  [DataType.Int32, -7],
  [DataType.Boolean, true],
  [DataType.String, "täxt"],
  [DataType.Float, 0.5],
  [DataType.Int16, -300],
  [DataType.UInt16, 60_000],
  [DataType.UInt32, 4_000_000_000],
  [DataType.Byte, 200],
  [DataType.SByte, -100],
  [DataType.Int64, [0, 5]],
  [DataType.UInt64, [1, 5]],
  [DataType.DateTime, new Date(1_000_000_000_000)],
  [DataType.ByteString, Buffer.from("bytes")],
] as const;

describe("node-opcua's client on the simulator", () => {
  let simulator: SimulatorProcess;

  before(async () => {
    simulator = await SimulatorProcess.start({
      name: "primary",
      items: 2500,
      secure: true,
      users: [{ name: "operator", password: "pässword" }],
    });
  });
  after(async () => {
    await simulator.stop();
  });

  const withSession = (test: (session: ClientSession) => Promise<void>) =>
    withClient(simulator.endpointUrl, {}, test);

  it("reads the Server object", () =>
    withSession(async (session) => {
      assert.deepEqual(await session.readNamespaceArray(), [
        "http://opcfoundation.org/UA/",
        "urn:understudy:simulator",
      ]);
      const read = async (nodeId: string) => (await session.readVariableValue(nodeId)).value.value as unknown;
      assert.equal(await read("i=2259"), ServerState.Running);
      assert.equal(await read("i=2267"), 255);
      const status = (await read("i=2256")) as { currentTime: Date; buildInfo: { productName: string } };
      assert.ok(Math.abs(status.currentTime.getTime() - Date.now()) < 5000);
      assert.equal(status.buildInfo.productName, "Understudy simulator");
    }));

  it("browses from Root to the items, page by page", () =>
    withSession(async (session) => {
      const names = async (node: string) =>
        ((await session.browse(node)).references ?? []).map(({ browseName }) => browseName.name);
      assert.deepEqual(await names("i=84"), ["Objects", "Types", "Views"]);
      assert.deepEqual(await names("i=85"), ["Server", "Simulation", "_System"]);
      let result = await session.browse({
        nodeId: "ns=1;s=Ramps",
        browseDirection: BrowseDirection.Forward,
        referenceTypeId: "HasComponent",
        includeSubtypes: true,
        resultMask: 63,
        nodeClassMask: 0,
      });
      const found = [...(result.references ?? [])];
      while (result.continuationPoint?.length) {
        result = await session.browseNext(result.continuationPoint, false);
        found.push(...(result.references ?? []));
      }
      assert.equal(found.length, 2500);
      assert.equal(new Set(found.map(({ nodeId }) => nodeId.toString())).size, 2500);
      const inverse = await session.browse({
        nodeId: "ns=1;s=Ramp1",
        browseDirection: BrowseDirection.Inverse,
        referenceTypeId: null,
        includeSubtypes: true,
        resultMask: 63,
        nodeClassMask: 0,
      });
      assert.deepEqual(
        inverse.references?.map(({ nodeId }) => nodeId.toString()),
        ["ns=1;s=Ramps"],
      );
    }));

  it("translates browse paths", () =>
    withSession(async (session) => {
      const [found, missing] = await session.translateBrowsePath([
        makeBrowsePath("i=85", "/1:Simulation/1:Ramps.1:Ramp3"),
        makeBrowsePath("i=85", "/1:Simulation/1:Nothing"),
      ]);
      assert.equal(found?.targets?.[0]?.targetId.toString(), "ns=1;s=Ramp3");
      assert.equal(missing?.statusCode.name, "BadNoMatch");
    }));

  it("writes and reads back values of every data type", () =>
    withSession(async (session) => {
      for (const [index, [dataType, value]] of values.entries()) {
        const nodeId = `ns=1;s=Writable${index}`;
        const status = await session.write({
          nodeId,
          attributeId: AttributeIds.Value,
          value: { value: { dataType, value, arrayType: VariantArrayType.Scalar } },
        });
        assert.equal(status.name, "Good", nodeId);
        const read = await session.read({ nodeId, attributeId: AttributeIds.Value });
        assert.equal(read.value.dataType, dataType);
        assert.deepEqual(read.value.value, value, nodeId);
        const type = await session.read({ nodeId, attributeId: AttributeIds.DataType });
        assert.equal(type.value.value.toString(), `ns=0;i=${dataType}`);
      }
    }));

  it("is refused what cannot be done", () =>
    withSession(async (session) => {
      const value = { value: { dataType: DataType.String, value: "no" } };
      const write = (nodeId: string) => session.write({ nodeId, attributeId: AttributeIds.Value, value });
      assert.equal((await write("ns=1;s=Writable0")).name, "BadTypeMismatch");
      assert.equal((await write("ns=1;s=Ramp0")).name, "BadNotWritable");
      assert.equal((await write("ns=1;s=Nothing")).name, "BadNodeIdUnknown");
      const read = (nodeId: string, attributeId: number) => session.read({ nodeId, attributeId });
      assert.equal((await read("ns=1;s=Nothing", AttributeIds.Value)).statusCode.name, "BadNodeIdUnknown");
      assert.equal((await read("i=85", AttributeIds.Value)).statusCode.name, "BadAttributeIdInvalid");
      await assert.rejects(session.registerNodes(["ns=1;s=Ramp0"]), /BadServiceUnsupported/);
    }));

  it("reads parts of arrays", () =>
    withSession(async (session) => {
      const read = await session.read({
        nodeId: "ns=1;s=Array",
        attributeId: AttributeIds.Value,
        indexRange: "2:4" as never,
      });
      assert.deepEqual([...read.value.value], [2, 3, 4]);
    }));

  it("calls methods", () =>
    withSession(async (session) => {
      const result = await session.call({
        objectId: "ns=1;s=_System",
        methodId: "ns=1;s=_System.Add",
        inputArguments: [
          { dataType: DataType.Double, value: 40 },
          { dataType: DataType.Double, value: 2 },
        ],
      });
      assert.equal(result.outputArguments?.[0]?.value, 42);
      const wrong = await session.call({
        objectId: "ns=1;s=_System",
        methodId: "ns=1;s=_System.Add",
        inputArguments: [{ dataType: DataType.String, value: "40" }],
      });
      assert.equal(wrong.statusCode.name, "BadArgumentsMissing");
    }));

  it("watches items of every kind", () =>
    withSession(async (session) => {
      const subscription = await session.createSubscription2({
        requestedPublishingInterval: 50,
        requestedLifetimeCount: 100,
        requestedMaxKeepAliveCount: 10,
        maxNotificationsPerPublish: 0,
        publishingEnabled: true,
        priority: 1,
      });
      const names = ["Ramp0", "Sine0", "Text", "Array", "Writable2", "_System.Watchdog", "_System.DateTime"];
      const group: ClientMonitoredItemGroup = MonitoredItemGroup.create(
        subscription,
        [
          ...names.map((name) => ({ nodeId: `ns=1;s=${name}`, attributeId: AttributeIds.Value })),
          { nodeId: "i=2256", attributeId: AttributeIds.Value },
          { nodeId: "ns=1;s=Ramp0", attributeId: AttributeIds.DisplayName },
        ],
        { samplingInterval: 50, queueSize: 10, discardOldest: true },
        TimestampsToReturn.Both,
      );
      const seen = new Map<number, DataValue>();
      await waitFor(group as never, "changed", (_item, dataValue, index) => {
        seen.set(index as number, dataValue as DataValue);
        return seen.size === names.length + 2 ? true : null;
      });
      assert.equal(seen.get(2)?.value.value, "Understudy");
      assert.deepEqual([...(seen.get(3)?.value.value ?? [])], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.equal(seen.get(5)?.value.dataType, DataType.UInt32);
      assert.equal(seen.get(8)?.value.value.text, "Ramp0");
      await subscription.terminate();
    }));

  it("signs and encrypts, with a user and password", () =>
    withClient(
      simulator.endpointUrl,
      { secure: true, user: { type: UserTokenType.UserName, userName: "operator", password: "pässword" } },
      async (session) => {
        const value = await session.readVariableValue("ns=1;s=Text");
        assert.equal(value.value.value, "Understudy");
      },
    ));

  it("is refused with a wrong password", async () => {
    const user = { type: UserTokenType.UserName, userName: "operator", password: "wrong" } as const;
    await assert.rejects(
      withClient(simulator.endpointUrl, { secure: true, user }, async () => {}),
      /BadUserAccessDenied/,
    );
  });
});
