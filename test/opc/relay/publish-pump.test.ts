import assert from "node:assert/strict";
import { PublishResponse, StatusCodes } from "node-opcua";
import { PublishPump } from "../../../src/opc/ua/relay/publish-pump.ts";
import {
  type ResponseCallback,
  ServiceError,
  type ServiceRequest,
  type ServiceResponse,
  type UpstreamSession,
} from "../../../src/opc/ua/upstream/upstream-session.ts";
import { listNotifications, visitValueChanges } from "../../../src/opc/ua/wire/notification-data.ts";
import { type PublishBody, parseAcknowledgements } from "../../../src/opc/ua/wire/publish.ts";
import { rawResponse } from "../../../src/opc/ua/wire/raw-factory.ts";
import type { RawRequest } from "../../../src/opc/ua/wire/raw-message.ts";
import { bytesOf } from "../wire/arbitraries.ts";
import { dataChange, decode } from "./support.ts";

/** A member's session of which the test gives the answers. */
class Session implements UpstreamSession {
  isOpen = true;
  readonly revisedSessionTimeoutMs = 60_000;
  readonly maxRequestMessageSize = 0;
  readonly idleMs = 0;
  onLost: ((detail: string) => void) | null = null;
  readonly waiting: { readonly request: RawRequest; readonly callback: ResponseCallback }[] = [];

  send(request: ServiceRequest, _timeoutMs: number, callback: ResponseCallback): void {
    this.waiting.push({ request: request as unknown as RawRequest, callback });
  }

  call<R extends ServiceResponse>(): Promise<R> {
    return Promise.reject(new Error("only Publish is sent"));
  }

  async close(): Promise<void> {
    this.isOpen = false;
  }

  abort(): void {
    this.isOpen = false;
  }

  answer(body: Buffer): RawRequest {
    const next = this.waiting.shift();
    assert.ok(next);
    next.callback(null, rawResponse("Publish", body));
    return next.request;
  }

  refuse(status: ConstructorParameters<typeof ServiceError>[1]): void {
    this.waiting.shift()?.callback(new ServiceError("SERVICE_FAULT", status, status.name), null);
  }
}

/** A PublishResponse body as node-opcua encodes it. */
function body(sequenceNumber: number, notificationData: Buffer | null): Buffer {
  const response = new PublishResponse({
    subscriptionId: 7,
    availableSequenceNumbers: [1, 2, 3],
    notificationMessage: {
      sequenceNumber,
      publishTime: new Date(),
      notificationData: notificationData ? decode(notificationData) : [],
    },
    results: [StatusCodes.Good],
  });
  const whole = bytesOf((stream) => response.encode(stream));
  const header = bytesOf((stream) => response.responseHeader.encode(stream));
  return whole.subarray(header.length);
}

describe("PublishRequests kept at a member", () => {
  let session: Session;
  let received: PublishBody[];
  let broken: string[];
  let pump: PublishPump;

  beforeEach(() => {
    session = new Session();
    received = [];
    broken = [];
    pump = new PublishPump(session, {
      received: (publish) => {
        for (const each of listNotifications(publish.notificationData)) {
          visitValueChanges(publish.notificationData, each, () => {});
        }
        received.push(publish);
      },
      broken: (detail) => broken.push(detail),
    });
  });

  it("are as many as its subscriptions need, within a bound", () => {
    pump.setSubscriptionCount(1);
    assert.equal(session.waiting.length, 3);
    pump.setSubscriptionCount(100);
    assert.equal(session.waiting.length, 20);
  });

  it("acknowledge what came with the next request, but no keep-alives", () => {
    pump.setSubscriptionCount(1);
    session.answer(body(5, dataChange([{ handle: 1, tick: 1 }])));
    session.answer(body(6, null));
    session.answer(body(6, dataChange([{ handle: 1, tick: 2 }])));
    assert.deepEqual(
      session.waiting.flatMap(({ request }) => parseAcknowledgements(request.body)),
      [
        { subscriptionId: 7, sequenceNumber: 5 },
        { subscriptionId: 7, sequenceNumber: 6 },
      ],
    );
    assert.deepEqual(
      received.map(({ isKeepAlive, sequenceNumber, subscriptionId }) => [
        isKeepAlive,
        sequenceNumber,
        subscriptionId,
      ]),
      [
        [false, 5, 7],
        [true, 6, 7],
        [false, 6, 7],
      ],
    );
  });

  it("are not sent while the broker has enough to pass on", () => {
    pump.setSubscriptionCount(1);
    pump.setPaused(true);
    session.answer(body(1, null));
    assert.equal(session.waiting.length, 2);
    pump.setPaused(false);
    assert.equal(session.waiting.length, 3);
  });

  it("are fewer where the member takes no more, and sent again where it let one run out", () => {
    pump.setSubscriptionCount(2);
    session.refuse(StatusCodes.BadTooManyPublishRequests);
    assert.equal(session.waiting.length, 5);
    session.answer(body(1, null));
    assert.equal(session.waiting.length, 5);
    session.refuse(StatusCodes.BadTimeout);
    assert.equal(session.waiting.length, 5);
    assert.deepEqual(broken, []);
  });

  it("say that the session is of no more use where what comes cannot be read, at whatever depth", () => {
    pump.setSubscriptionCount(1);
    const good = body(1, dataChange([{ handle: 1, tick: 1 }]));
    session.answer(good.subarray(0, 30));
    assert.equal(broken.length, 1);
    const malformed = Buffer.from(good);
    // more items announced than there are: only a look into the notification tells
    const count = Buffer.from([1, 0, 0, 0, 1, 0, 0, 0]);
    malformed.writeInt32LE(1000, malformed.indexOf(count));
    session.answer(malformed);
    assert.equal(broken.length, 2);
    assert.deepEqual(received, []);
  });
});
