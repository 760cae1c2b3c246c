import assert from "node:assert/strict";
import {
  maxQueuedPublishRequests,
  PublishQueue,
  type PublishTicket,
} from "../../../src/opc/ua/relay/publish-queue.ts";

function ticket(expiresAtMs = Number.POSITIVE_INFINITY, isOpen = () => true): PublishTicket {
  return { results: [], expiresAtMs, maxBodyBytes: 1000, isOpen, respond: () => {}, fault: () => {} };
}

describe("the queue of a client's PublishRequests", () => {
  it("gives them out oldest first", () => {
    const queue = new PublishQueue(0);
    const [first, second] = [ticket(), ticket()];
    assert.equal(queue.add(first, 1), null);
    assert.equal(queue.add(second, 2), null);
    assert.equal(queue.lastAddedMs, 2);
    assert.equal(queue.peek(), first);
    assert.equal(queue.take(), first);
    assert.equal(queue.take(), second);
    assert.equal(queue.take(), null);
  });

  it("keeps no more than its bound: the oldest has to make room", () => {
    const queue = new PublishQueue(0);
    const oldest = ticket();
    queue.add(oldest, 0);
    for (let count = 1; count < maxQueuedPublishRequests; count++) assert.equal(queue.add(ticket(), 0), null);
    assert.equal(queue.add(ticket(), 0), oldest);
    assert.equal(queue.length, maxQueuedPublishRequests);
  });

  it("hands back the expired ones, oldest first, wherever they stand", () => {
    const queue = new PublishQueue(0);
    const [first, second, third] = [ticket(100), ticket(), ticket(50)];
    for (const each of [first, second, third]) queue.add(each, 0);
    assert.deepEqual(queue.takeExpired(49), []);
    assert.deepEqual(queue.takeExpired(100), [first, third]);
    assert.deepEqual(queue.takeAll(), [second]);
    assert.equal(queue.length, 0);
  });

  it("forgets those that came by a connection that is closed, and answers by the new one", () => {
    const queue = new PublishQueue(0);
    let isOpen = true;
    for (let count = 0; count < 5; count++)
      queue.add(
        ticket(undefined, () => isOpen),
        0,
      );
    const current = ticket();
    queue.add(current, 1);
    assert.equal(queue.length, 6);
    isOpen = false;
    assert.equal(queue.length, 1);
    assert.equal(queue.peek(), current);
    assert.equal(queue.take(), current);
    assert.equal(queue.take(), null);
  });
});
