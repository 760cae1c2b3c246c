import assert from "node:assert/strict";
import {
  AddNodesRequest,
  AddReferencesRequest,
  BrowseDirection,
  BrowseNextRequest,
  type BrowseNextResponse,
  type BrowseResult,
  CancelRequest,
  type ClientSession,
  DataType,
  DeleteNodesRequest,
  DeleteReferencesRequest,
  HistoryReadRequest,
  HistoryUpdateRequest,
  makeBrowsePath,
  QueryFirstRequest,
  QueryNextRequest,
  RegisterNodesRequest,
  type ResponseHeader,
  SetTriggeringRequest,
  TransferSubscriptionsRequest,
  UnregisterNodesRequest,
} from "node-opcua";
import type { ConnectionMode } from "../../src/core/policy.ts";
import { roles } from "../../src/core/role.ts";
import { within } from "./support/changes.ts";
import type { ConnectedClient } from "./support/clients.ts";
import { perform, readStatus, readValue, statusOf, writeStatus } from "./support/items.ts";
import { Plant } from "./support/plant.ts";
import { modes, pairSettings } from "./support/project-text.ts";
import { ramps, Watcher } from "./support/watcher.ts";

/** An item of type Double for the writes of each mode. */
const writable: Readonly<Record<ConnectionMode, string>> = {
  cold: "Writable0",
  warm: "Writable14",
  hot: "Writable28",
};

const ramp = {
  nodeId: "ns=1;s=Ramps",
  browseDirection: BrowseDirection.Forward,
  referenceTypeId: "HasComponent",
  includeSubtypes: true,
  resultMask: 63,
  nodeClassMask: 0,
};

describe("requests of a client", function () {
  this.timeout(30_000);
  let plant: Plant;
  let clients: Readonly<Record<ConnectionMode, ConnectedClient>>;
  /** Sessions on the members themselves. */
  let direct: Readonly<Record<"primary" | "secondary", ConnectedClient>>;
  let lastValue = 0;

  before(async () => {
    plant = await Plant.start({
      simulator: { items: 250, writables: 42 },
      pairs: (places) => modes.map((mode) => pairSettings(mode, mode, places)),
    });
    await Promise.all(modes.map((mode) => plant.broker.untilServing(mode)));
    const [cold, warm, hot] = await Promise.all(modes.map((mode) => plant.connect(mode)));
    const [primary, secondary] = await Promise.all(roles.map((role) => plant.direct(role)));
    assert.ok(cold && warm && hot && primary && secondary);
    clients = { cold, warm, hot };
    direct = { primary, secondary };
  });
  beforeEach(async () => {
    await plant.revive();
    await Promise.all(modes.map((mode) => plant.settle(mode)));
  });
  after(async () => {
    await plant.stop();
  });

  async function onMembers(mode: ConnectionMode): Promise<readonly unknown[]> {
    return Promise.all(roles.map((role) => readValue(direct[role].session, writable[mode])));
  }

  for (const mode of modes) {
    it(`are written to the active member only, before and after a switchover (${mode})`, async () => {
      const { session } = clients[mode];
      const [, secondaryBefore] = await onMembers(mode);
      const first = ++lastValue;
      assert.equal(await writeStatus(session, writable[mode], first), "Good");
      assert.deepEqual(await onMembers(mode), [first, secondaryBefore]);
      assert.equal(await readValue(session, writable[mode]), first);
      await plant.switchover(mode, "secondary");
      const second = ++lastValue;
      assert.equal(await writeStatus(session, writable[mode], second), "Good");
      assert.deepEqual(await onMembers(mode), [first, second]);
      assert.equal(await readValue(session, writable[mode]), second);
    });

    it(`are answered Bad where they write and the member is lost with them (${mode})`, async () => {
      const { session } = clients[mode];
      const [, before] = await onMembers(mode);
      await plant.members.secondary.control({ command: "quality", item: "ns=1;s=Text", good: false });
      const after = plant.broker.lastEventId;
      plant.members.primary.freeze();
      const value = ++lastValue;
      const writing = writeStatus(session, writable[mode], value);
      const calling = statusOf(
        session
          .call({ objectId: "ns=1;s=_System", methodId: "ns=1;s=_System.Reset", inputArguments: [] })
          .then(({ statusCode }) => statusCode),
      );
      const reading = readStatus(session, writable[mode]);
      await plant.broker.untilPromoted(mode, "secondary", after);
      assert.match(await within(writing, "the write in flight"), /^Bad/);
      assert.match(await within(calling, "the call in flight"), /^Bad/);
      assert.equal(await within(reading, "the read in flight"), "Good");
      assert.equal(await readValue(session, writable[mode]), before);
      assert.equal(await readValue(direct.secondary.session, writable[mode]), before);
      // a Reset carried out there would have made it good
      assert.match(await readStatus(direct.secondary.session, "Text"), /^Bad/);
    });

    it(`are answered Bad where they write and an operator switches over meanwhile (${mode})`, async () => {
      const { session } = clients[mode];
      const [, before] = await onMembers(mode);
      await plant.members.primary.control({ command: "slow", delayMs: 500 });
      const writing = writeStatus(session, writable[mode], ++lastValue);
      const reading = readStatus(session, writable[mode]);
      await plant.switchover(mode, "secondary");
      assert.match(await within(writing, "the write in flight"), /^Bad/);
      assert.equal(await within(reading, "the read in flight"), "Good");
      assert.equal(await readValue(direct.secondary.session, writable[mode]), before);
    });

    it(`browse page by page, and are told that an old page is gone after a switchover (${mode})`, async () => {
      const { session } = clients[mode];
      assert.equal((await browseAll(session, 100)).length, 250);
      const [first] = await browse(session, 100);
      assert.ok(first?.continuationPoint?.length);
      await plant.switchover(mode, "secondary");
      const [gone] = await browseNext(session, [first.continuationPoint]);
      assert.equal(gone?.statusCode.name, "BadContinuationPointInvalid");
      assert.equal((await browseAll(session, 100)).length, 250);
    });

    it(`translate browse paths and call methods on either member (${mode})`, async () => {
      const { session } = clients[mode];
      for (const role of ["secondary", "primary"] as const) {
        await plant.switchover(mode, role);
        const [found, missing] = await session.translateBrowsePath([
          makeBrowsePath("i=85", "/1:Simulation/1:Ramps.1:Ramp3"),
          makeBrowsePath("i=85", "/1:Simulation/1:Nothing"),
        ]);
        assert.equal(found?.targets?.[0]?.targetId.toString(), "ns=1;s=Ramp3");
        assert.equal(missing?.statusCode.name, "BadNoMatch");
        const { outputArguments } = await session.call({
          objectId: "ns=1;s=_System",
          methodId: "ns=1;s=_System.Add",
          inputArguments: [40, 2].map((value) => ({ dataType: DataType.Double, value })),
        });
        assert.equal(outputArguments?.[0]?.value, 42);
      }
    });
  }

  it("keep continuation points of both kinds apart in one request", async () => {
    const { session } = clients.hot;
    const [old] = await browse(session, 100);
    await plant.switchover("hot", "secondary");
    const [current] = await browse(session, 200);
    const results = await browseNext(session, [
      old?.continuationPoint,
      current?.continuationPoint,
      Buffer.from("no continuation point"),
      null,
    ]);
    assert.deepEqual(
      results.map(({ statusCode, references }) => [statusCode.name, references?.length ?? 0]),
      [
        ["BadContinuationPointInvalid", 0],
        ["Good", 50],
        ["BadContinuationPointInvalid", 0],
        ["BadContinuationPointInvalid", 0],
      ],
    );
  });

  it("read the members' values and the broker's own account of redundancy together", async () => {
    const { session } = clients.hot;
    const [array, level, support, item, missing] = await session.read(
      ["i=2254", "i=2267", "i=3709", "ns=1;s=Text", "ns=1;s=Nothing"].map((nodeId) => ({
        nodeId,
        attributeId: 13,
      })),
    );
    assert.match(String(array?.value.value), /Understudy/);
    assert.equal(level?.value.value, 255);
    assert.equal(support?.value.value, 4);
    assert.equal(item?.value.value, "Understudy");
    assert.equal(missing?.statusCode.name, "BadNodeIdUnknown");
  });

  it("of services that are not carried are answered BadServiceUnsupported", async () => {
    const { session } = clients.hot;
    const requests = [
      new HistoryReadRequest(),
      new HistoryUpdateRequest(),
      new RegisterNodesRequest({ nodesToRegister: ["ns=1;s=Ramp0"] }),
      new UnregisterNodesRequest(),
      new TransferSubscriptionsRequest({ subscriptionIds: [1] }),
      new QueryFirstRequest(),
      new QueryNextRequest(),
      new SetTriggeringRequest(),
      new AddNodesRequest(),
      new DeleteNodesRequest(),
      new AddReferencesRequest(),
      new DeleteReferencesRequest(),
      new CancelRequest(),
    ];
    for (const request of requests) {
      const answer = await within(
        statusOf(
          perform<{ readonly responseHeader: ResponseHeader }>(session, request).then(
            ({ responseHeader }) => responseHeader.serviceResult,
          ),
        ),
        request.schema.name,
      );
      assert.equal(answer, "BadServiceUnsupported", request.schema.name);
    }
    assert.equal(await readStatus(session, "Text"), "Good");
  });

  it("of which many wait for a lost member are all answered by the new one", async () => {
    const { session } = clients.hot;
    const watcher = await Watcher.create(session, ramps(5));
    await watcher.more();
    const after = plant.broker.lastEventId;
    plant.members.primary.freeze();
    const reading = Array.from({ length: 200 }, () => readStatus(session, "Text"));
    await plant.broker.untilPromoted("hot", "secondary", after);
    const answers = await within(Promise.all(reading), "200 reads in flight");
    assert.deepEqual([...new Set(answers)], ["Good"]);
    await watcher.more();
    assert.equal(watcher.account().lost, 0);
    await watcher.subscription.terminate();
  });
});

async function browse(session: ClientSession, pageSize: number): Promise<BrowseResult[]> {
  session.requestedMaxReferencesPerNode = pageSize;
  return session.browse([ramp]);
}

async function browseNext(
  session: ClientSession,
  continuationPoints: readonly (Buffer | null | undefined)[],
): Promise<BrowseResult[]> {
  const request = new BrowseNextRequest({ continuationPoints: [...continuationPoints] as Buffer[] });
  const response = await perform<BrowseNextResponse>(session, request);
  return response.results ?? [];
}

async function browseAll(session: ClientSession, pageSize: number): Promise<string[]> {
  let [page] = await browse(session, pageSize);
  const names: string[] = [];
  while (page) {
    assert.ok((page.references?.length ?? 0) <= pageSize);
    names.push(...(page.references ?? []).map(({ nodeId }) => nodeId.toString()));
    if (!page.continuationPoint?.length) break;
    [page] = await browseNext(session, [page.continuationPoint]);
  }
  return [...new Set(names)];
}
