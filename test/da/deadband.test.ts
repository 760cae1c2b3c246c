import assert from "node:assert/strict";
import { DataType, DataValue, StatusCodes, Variant } from "node-opcua";
import { isFilterRefused, OwnDeadband, percentFilter } from "../../src/opc/ua/as-da/deadband.ts";

const of = (value: number, statusCode = StatusCodes.Good) =>
  new DataValue({ value: new Variant({ dataType: DataType.Double, value }), statusCode });

describe("the deadband of an OPC DA group on an OPC UA server", () => {
  it("asks the server for a percentage, and for nothing where the client wants none", () => {
    assert.equal(percentFilter(0), undefined);
    const filter = percentFilter(12.5);
    assert.deepEqual([filter?.deadbandType, filter?.deadbandValue], [2, 12.5]);
  });

  it("knows a server that does not apply it from one that refuses the item", () => {
    assert.ok(isFilterRefused(StatusCodes.BadMonitoredItemFilterUnsupported));
    assert.ok(isFilterRefused(StatusCodes.BadFilterNotAllowed));
    assert.ok(isFilterRefused(StatusCodes.BadDeadbandFilterInvalid));
    assert.ok(!isFilterRefused(StatusCodes.BadNodeIdUnknown));
    assert.ok(!isFilterRefused(undefined));
  });

  it("holds back what differs from the last value given by no more than the percentage of the range", () => {
    const deadband = new OwnDeadband();
    deadband.percent = 10;
    deadband.watch(1, 200);
    const given = [0, 5, 20, 20.5, 1, 0.4, -19, 41].filter((value) => deadband.passes(1, of(value)));
    assert.deepEqual(given, [0, 20.5, 0.4, 41]);
  });

  it("lets changes of quality and all values of items without a range pass", () => {
    const deadband = new OwnDeadband();
    deadband.percent = 50;
    deadband.watch(1, 100);
    deadband.watch(2, null);
    assert.ok(deadband.passes(1, of(1)));
    assert.ok(!deadband.passes(1, of(2)));
    assert.ok(deadband.passes(1, of(2, StatusCodes.BadNoCommunication)));
    assert.ok(!deadband.passes(1, of(3, StatusCodes.BadNoCommunication)));
    assert.ok(deadband.passes(1, of(3)));
    for (const value of [1, 1, 2]) assert.ok(deadband.passes(2, of(value)));
  });

  it("begins anew with an item that is made active, and ends with one that is removed or at 0 percent", () => {
    const deadband = new OwnDeadband();
    deadband.percent = 50;
    deadband.watch(1, 100);
    assert.ok(deadband.passes(1, of(1)));
    deadband.startAnew([1]);
    assert.ok(deadband.passes(1, of(1)));
    assert.ok(!deadband.passes(1, of(1)));
    deadband.percent = 0;
    assert.ok(deadband.passes(1, of(1)));
    deadband.percent = 50;
    deadband.forget(1);
    assert.ok(deadband.passes(1, of(1)));
  });
});
