import assert from "node:assert/strict";
import { RepublishRequest, RepublishResponse, StatusCodes } from "node-opcua";
import type { ServiceError } from "../../src/opc/ua/upstream/upstream-session.ts";
import { listNotifications, statusChangeCode } from "../../src/opc/ua/wire/notification-data.ts";
import { acknowledgementsBody, parsePublishBody } from "../../src/opc/ua/wire/publish.ts";
import { rawRequest } from "../../src/opc/ua/wire/raw-factory.ts";
import type { RawRequest, RawResponse } from "../../src/opc/ua/wire/raw-message.ts";
import { ProtocolClient } from "../simulator/protocol-client.ts";
import { Plant } from "./support/plant.ts";
import { pairSettings } from "./support/project-text.ts";

describe("a subscription whose client asks for nothing", function () {
  this.timeout(30_000);
  let plant: Plant;
  let client: ProtocolClient;

  before(async () => {
    plant = await Plant.start({
      simulator: { items: 10, periodMs: 100 },
      pairs: (places) => [pairSettings("hot", "hot", places)],
    });
    await plant.broker.untilServing("hot");
    client = await ProtocolClient.connect(plant.url("hot"));
  });
  after(async () => {
    await client.close();
    await plant.stop();
  });

  it("ends with its lifetime, and the client hears of it when it asks again", async () => {
    const id = await client.subscribe({ intervalMs: 50, keepAliveCount: 1, lifetimeCount: 3 });
    await client.monitor(id, [{ node: "ns=1;s=Ramp0", handle: 1 }]);
    while (await isKnown(id)) await new Promise((resolve) => setTimeout(resolve, 100));

    const first = await publish();
    assert.equal(first.subscriptionId, id);
    assert.deepEqual(
      listNotifications(first.notificationData).map((each) => statusChangeCode(first.notificationData, each)),
      [StatusCodes.BadTimeout.value],
    );
    await assert.rejects(publish(), { statusCode: StatusCodes.BadNoSubscription });
  });

  /** Whether the broker has the subscription; asks for a message that was never sent. */
  function isKnown(subscriptionId: number): Promise<boolean> {
    const request = new RepublishRequest({ subscriptionId, retransmitSequenceNumber: 4711 });
    return client.call(request, RepublishResponse).then(
      () => true,
      (error: ServiceError) => error.statusCode.name !== "BadSubscriptionIdInvalid",
    );
  }

  function publish() {
    return new Promise<ReturnType<typeof parsePublishBody>>((resolve, reject) => {
      const request = rawRequest("Publish", acknowledgementsBody([])) as RawRequest;
      client.session.send(request, 0, (error, response) => {
        if (error) reject(error);
        else resolve(parsePublishBody((response as unknown as RawResponse).body));
      });
    });
  }
});
