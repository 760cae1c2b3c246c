import { CreateSubscriptionRequest, type CreateSubscriptionResponse } from "node-opcua";
import type { ServiceResponse } from "../../../src/opc/ua/upstream/upstream-session.ts";
import { acknowledgementsBody } from "../../../src/opc/ua/wire/publish.ts";
import { rawRequest } from "../../../src/opc/ua/wire/raw-factory.ts";
import type { RawResponse } from "../../../src/opc/ua/wire/raw-message.ts";
import { Writer } from "../../simulator/wire/writer.ts";
import type { BenchSession } from "./bench-session.ts";
import { readPublishBody, type VisitValue } from "./notifications.ts";

export interface StreamSettings {
  /** Ramp0 up to Ramp<items - 1>; the client handle is the index. */
  readonly items: number;
  readonly publishingIntervalMs: number;
  readonly samplingIntervalMs: number;
  readonly queueSize: number;
}

export interface StreamEvents {
  readonly onValue: VisitValue;
  /** After the values of one notification message. */
  readonly onMessage: (values: number) => void;
  readonly onEnded: (detail: string) => void;
}

const itemsPerCall = 1000;
const publishRequests = 10;
const sourceTimestamps = 0;
const valueAttribute = 13;
const reporting = 2;

/** A subscription to many Ramps whose notifications are taken apart by hand. */
export async function openStream(
  session: BenchSession,
  settings: StreamSettings,
  events: StreamEvents,
  timeoutMs: number,
): Promise<void> {
  const created = await session.call<CreateSubscriptionResponse & ServiceResponse>(
    new CreateSubscriptionRequest({
      requestedPublishingInterval: settings.publishingIntervalMs,
      requestedLifetimeCount: 1000,
      requestedMaxKeepAliveCount: 10,
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 0,
    }),
    timeoutMs,
  );
  const { subscriptionId } = created;
  for (let index = 0; index < publishRequests; index++) keepPublishing(session, events);
  const calls: Promise<void>[] = [];
  for (let first = 0; first < settings.items; first += itemsPerCall) {
    const count = Math.min(itemsPerCall, settings.items - first);
    calls.push(createItems(session, subscriptionId, settings, first, count, timeoutMs));
  }
  await Promise.all(calls);
}

async function createItems(
  session: BenchSession,
  subscriptionId: number,
  settings: StreamSettings,
  first: number,
  count: number,
  timeoutMs: number,
): Promise<void> {
  const body = new Writer(count * 80).uint32(subscriptionId).int32(sourceTimestamps).int32(count);
  for (let index = first; index < first + count; index++) {
    const name = Buffer.from(`Ramp${index}`, "latin1");
    body.uint8(3).uint16(1).int32(name.length).append(name);
    body.uint32(valueAttribute).int32(-1).uint16(0).int32(-1);
    body.int32(reporting);
    body.uint32(index).double(settings.samplingIntervalMs).nullExtensionObject();
    body.uint32(settings.queueSize).uint8(1);
  }
  const request = rawRequest("CreateMonitoredItems", Buffer.from(body.bytes));
  const response = await session.call<RawResponse & ServiceResponse>(request, timeoutMs);
  const results = response.body;
  if (results.readInt32LE(0) !== count) throw new Error("CreateMonitoredItems answered too few results");
  // Results without a filter result are of one size.
  for (let index = 0; index < count; index++) {
    const status = results.readUInt32LE(4 + index * 23);
    if (status !== 0) throw new Error(`Ramp${first + index} was refused: 0x${status.toString(16)}`);
  }
}

/** One Publish request; its answer acknowledges itself with the next one. */
function keepPublishing(session: BenchSession, events: StreamEvents): void {
  let acknowledgements: readonly { readonly subscriptionId: number; readonly sequenceNumber: number }[] = [];
  const publish = () => {
    session.send(rawRequest("Publish", acknowledgementsBody(acknowledgements)), 0, (error, response) => {
      if (error) {
        events.onEnded(error.message);
        return;
      }
      const { subscriptionId, sequenceNumber, values, hasEnded } = readPublishBody(
        (response as unknown as RawResponse).body,
        events.onValue,
      );
      acknowledgements = values > 0 ? [{ subscriptionId, sequenceNumber }] : [];
      publish();
      if (values > 0) events.onMessage(values);
      if (hasEnded) events.onEnded("the server ended the subscription");
    });
  };
  publish();
}
