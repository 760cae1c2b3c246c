import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AttributeIds,
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  DataChangeFilter,
  DeleteMonitoredItemsRequest,
  ModifyMonitoredItemsRequest,
  ModifyMonitoredItemsResponse,
  PublishRequest,
  PublishResponse,
  SetMonitoringModeRequest,
  StatusCodes,
} from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { dateTimeOf } from "../../../src/opc/ua/relay/date-time.ts";
import {
  clientHandleOf,
  createItemsBody,
  deleteItemsBody,
  itemResultsBody,
  modifyItemsBody,
  parseCreateItems,
  parseItemResults,
  parseModifyItems,
  parseUInt32s,
  setModeBody,
} from "../../../src/opc/ua/wire/monitored-items.ts";
import {
  acknowledgementsBody,
  parseAcknowledgements,
  parsePublishBody,
  publishBodyParts,
} from "../../../src/opc/ua/wire/publish.ts";
import { dataChange, decode, ticksOf } from "../relay/support.ts";
import { bytesOf, nodeId } from "./arbitraries.ts";

interface Message {
  encode(stream: BinaryStream): void;
  decode(stream: BinaryStream): void;
}

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

/** The bytes behind the header. */
function bodyOf(message: Message, header: { encode(stream: BinaryStream): void }): Buffer {
  const whole = bytesOf((stream) => message.encode(stream));
  return whole.subarray(bytesOf((stream) => header.encode(stream)).length);
}

function requestBody(request: Message & { requestHeader: { encode(stream: BinaryStream): void } }): Buffer {
  return bodyOf(request, request.requestHeader);
}

function responseBody(
  response: Message & { responseHeader: { encode(stream: BinaryStream): void } },
): Buffer {
  return bodyOf(response, response.responseHeader);
}

/** A message of node-opcua made of a body. */
function decoded<T extends Message>(
  message: T,
  header: { encode(stream: BinaryStream): void },
  body: Buffer,
): T {
  const head = bytesOf((stream) => header.encode(stream));
  message.decode(new BinaryStream(Buffer.concat([head, body])));
  return message;
}

const filter = fc.constantFrom(null, new DataChangeFilter({ trigger: 1, deadbandType: 1, deadbandValue: 2 }));

const parameters = fc.record({
  clientHandle: uint32,
  samplingInterval: fc.double({ min: 0, max: 10_000, noNaN: true }),
  filter,
  queueSize: uint32,
  discardOldest: fc.boolean(),
});

const creations = fc.array(
  fc.record({
    itemToMonitor: nodeId.map((id) => ({ nodeId: id, attributeId: AttributeIds.Value })),
    monitoringMode: fc.constantFrom(0, 1, 2),
    requestedParameters: parameters,
  }),
  { maxLength: 6 },
);

describe("messages about monitored items", () => {
  it("are taken apart and put together again as node-opcua encoded them", () => {
    fc.assert(
      fc.property(uint32, creations, (subscriptionId, itemsToCreate) => {
        const request = new CreateMonitoredItemsRequest({
          subscriptionId,
          timestampsToReturn: 2,
          itemsToCreate,
        });
        const body = requestBody(request);
        const parsed = parseCreateItems(body);
        assert.equal(parsed.subscriptionId, subscriptionId);
        assert.equal(parsed.timestampsToReturn, 2);
        assert.deepEqual(
          parsed.items.map((item) => [item.monitoringMode, clientHandleOf(item.parameters)]),
          itemsToCreate.map((item) => [item.monitoringMode, item.requestedParameters.clientHandle]),
        );
        assert.ok(createItemsBody(subscriptionId, 2, parsed.items).equals(body));
      }),
    );
  });

  it("keep what is to be modified, under other ids", () => {
    fc.assert(
      fc.property(
        uint32,
        fc.array(fc.tuple(uint32, parameters), { maxLength: 6 }),
        (subscriptionId, items) => {
          const request = new ModifyMonitoredItemsRequest({
            subscriptionId,
            timestampsToReturn: 1,
            itemsToModify: items.map(([monitoredItemId, requestedParameters]) => ({
              monitoredItemId,
              requestedParameters,
            })),
          });
          const body = requestBody(request);
          const parsed = parseModifyItems(body);
          assert.ok(modifyItemsBody(subscriptionId, 1, parsed.items).equals(body));
          const other = parsed.items.map((item) => ({ ...item, monitoredItemId: 1 }));
          const made = new ModifyMonitoredItemsRequest();
          decoded(made, made.requestHeader, modifyItemsBody(5, 1, other));
          assert.deepEqual(
            made.itemsToModify?.map((item) => [item.monitoredItemId, item.requestedParameters.clientHandle]),
            items.map(([, { clientHandle }]) => [1, clientHandle]),
          );
        },
      ),
    );
  });

  it("answer with the results of the member under the ids of the client", () => {
    const results = [
      {
        statusCode: StatusCodes.Good,
        monitoredItemId: 17,
        revisedSamplingInterval: 250,
        revisedQueueSize: 3,
      },
      { statusCode: StatusCodes.BadNodeIdUnknown, monitoredItemId: 0 },
    ];
    const parsed = parseItemResults(responseBody(new CreateMonitoredItemsResponse({ results })), true);
    assert.deepEqual(
      parsed.map(({ statusCode, monitoredItemId }) => [statusCode, monitoredItemId]),
      [
        [StatusCodes.Good.value, 17],
        [StatusCodes.BadNodeIdUnknown.value, 0],
      ],
    );
    const renamed = parsed.map((result) => ({ ...result, monitoredItemId: 4 }));
    const made = new CreateMonitoredItemsResponse();
    decoded(made, made.responseHeader, itemResultsBody(renamed, true));
    assert.deepEqual(
      made.results?.map((each) => [each.statusCode.name, each.monitoredItemId, each.revisedSamplingInterval]),
      [
        ["Good", 4, 250],
        ["BadNodeIdUnknown", 4, 0],
      ],
    );
    const modified = parseItemResults(responseBody(new ModifyMonitoredItemsResponse({ results })), false);
    const answer = new ModifyMonitoredItemsResponse();
    decoded(answer, answer.responseHeader, itemResultsBody(modified, false));
    assert.deepEqual(
      answer.results?.map((each) => [
        each.statusCode.name,
        each.revisedSamplingInterval,
        each.revisedQueueSize,
      ]),
      [
        ["Good", 250, 3],
        ["BadNodeIdUnknown", 0, 0],
      ],
    );
  });

  it("delete and set the mode as node-opcua would", () => {
    fc.assert(
      fc.property(uint32, fc.array(uint32, { maxLength: 6 }), (subscriptionId, monitoredItemIds) => {
        const deleting = requestBody(new DeleteMonitoredItemsRequest({ subscriptionId, monitoredItemIds }));
        assert.ok(deleteItemsBody(subscriptionId, monitoredItemIds).equals(deleting));
        assert.deepEqual(parseUInt32s(deleting, 4), monitoredItemIds);
        const setting = requestBody(
          new SetMonitoringModeRequest({ subscriptionId, monitoringMode: 1, monitoredItemIds }),
        );
        assert.ok(setModeBody(subscriptionId, 1, monitoredItemIds).equals(setting));
      }),
    );
  });

  it("that are cut short or random are refused with a RangeError", () => {
    const readers = [
      parseCreateItems,
      parseModifyItems,
      (body: Buffer) => parseItemResults(body, true),
      (body: Buffer) => parseItemResults(body, false),
      (body: Buffer) => parseUInt32s(body, 0),
      parsePublishBody,
      parseAcknowledgements,
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (random) => {
        for (const read of readers) {
          try {
            read(Buffer.from(random));
          } catch (error) {
            assert.ok(error instanceof RangeError, String(error));
          }
        }
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(creations, fc.nat(), (itemsToCreate, at) => {
        const request = new CreateMonitoredItemsRequest({ subscriptionId: 1, itemsToCreate });
        const body = requestBody(request);
        assert.throws(() => parseCreateItems(body.subarray(0, at % body.length)), RangeError);
      }),
    );
  });
});

describe("Publish messages", () => {
  it("carry acknowledgements as node-opcua would", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc
            .tuple(uint32, uint32)
            .map(([subscriptionId, sequenceNumber]) => ({ subscriptionId, sequenceNumber })),
          { maxLength: 6 },
        ),
        (subscriptionAcknowledgements) => {
          const body = requestBody(new PublishRequest({ subscriptionAcknowledgements }));
          assert.ok(acknowledgementsBody(subscriptionAcknowledgements).equals(body));
          assert.deepEqual(parseAcknowledgements(body), subscriptionAcknowledgements);
        },
      ),
    );
  });

  it("made by the broker are read by node-opcua, and by the broker itself", () => {
    const data = dataChange([
      { handle: 1, tick: 5 },
      { handle: 2, tick: 6 },
    ]);
    const time = Date.UTC(2026, 2, 3, 4, 5, 6, 7);
    const body = Buffer.concat(
      publishBodyParts({
        subscriptionId: 9,
        availableSequenceNumbers: [3, 4],
        moreNotifications: true,
        sequenceNumber: 4,
        publishTime: dateTimeOf(time),
        notificationData: data,
        results: [StatusCodes.BadSequenceNumberUnknown.value],
      }),
    );
    const response = new PublishResponse();
    decoded(response, response.responseHeader, body);
    const { notificationMessage } = response;
    assert.equal(response.subscriptionId, 9);
    assert.deepEqual([...(response.availableSequenceNumbers ?? [])], [3, 4]);
    assert.equal(response.moreNotifications, true);
    assert.equal(notificationMessage.sequenceNumber, 4);
    assert.equal(notificationMessage.publishTime?.getTime(), time);
    assert.equal(notificationMessage.notificationData?.length, decode(data).length);
    assert.deepEqual(
      response.results?.map(({ name }) => name),
      ["BadSequenceNumberUnknown"],
    );
    const parsed = parsePublishBody(body);
    assert.deepEqual(ticksOf(parsed.notificationData), ticksOf(data));
    assert.deepEqual([parsed.isKeepAlive, parsed.sequenceNumber, parsed.moreNotifications], [false, 4, true]);
  });
});
