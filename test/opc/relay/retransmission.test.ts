import assert from "node:assert/strict";
import { followingSequenceNumber, RetransmissionQueue } from "../../../src/opc/ua/relay/retransmission.ts";

const message = (sequenceNumber: number, bytes = 10) => ({
  sequenceNumber,
  publishTime: 0n,
  notificationData: Buffer.alloc(bytes),
});

describe("messages kept for Republish", () => {
  it("are numbered on from the last to the first number there is: one, not zero", () => {
    assert.equal(followingSequenceNumber(1), 2);
    assert.equal(followingSequenceNumber(0xffff_fffe), 0xffff_ffff);
    assert.equal(followingSequenceNumber(0xffff_ffff), 1);
  });

  it("are there until they are acknowledged, across the wrap of their numbers", () => {
    const queue = new RetransmissionQueue();
    let number = 0xffff_fffe;
    for (let count = 0; count < 4; count++, number = followingSequenceNumber(number))
      queue.add(message(number));
    assert.deepEqual(queue.sequenceNumbers(), [0xffff_fffe, 0xffff_ffff, 1, 2]);
    assert.equal(queue.acknowledge(0xffff_ffff), true);
    assert.equal(queue.acknowledge(0xffff_ffff), false);
    assert.equal(queue.get(0xffff_ffff), null);
    assert.equal(queue.get(1)?.sequenceNumber, 1);
    assert.deepEqual(queue.sequenceNumbers(), [0xffff_fffe, 1, 2]);
  });

  it("go, the oldest first, when there are too many or they are too large together", () => {
    const many = new RetransmissionQueue();
    for (let number = 1; number <= 250; number++) many.add(message(number));
    assert.equal(many.sequenceNumbers().length, 100);
    assert.equal(many.sequenceNumbers()[0], 151);
    const large = new RetransmissionQueue();
    for (let number = 1; number <= 5; number++) large.add(message(number, 20 * 1024 * 1024));
    assert.deepEqual(large.sequenceNumbers(), [3, 4, 5]);
  });
});
