import assert from "node:assert/strict";
import { exportEvents } from "../../src/diagnostics/export.ts";
import { anEvent } from "./helpers.ts";

const events = [
  { id: 1, ...anEvent() },
  { id: 2, ...anEvent({ client: '=cmd|"/c calc"!A1', message: 'two\nlines, "quoted"', member: null }) },
];

describe("saving events", () => {
  it("as text: a line each", () => {
    const lines = exportEvents(events.slice(0, 1), "text").trimEnd().split("\n");
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /2026-01-01.*Connected to 'Boiler'/);
  });

  it("as CSV that a spreadsheet reads as text, never as a formula", () => {
    const [head, first, ...rest] = exportEvents(events, "csv").split("\r\n");
    assert.equal(head, "id,time,severity,code,pair,member,machine,client,message");
    assert.equal(
      first,
      "1,2026-01-01T00:00:00.000Z,information,connected,Boiler,primary,plc-a,,Connected to 'Boiler' on primary machine 'plc-a'.",
    );
    assert.match(rest.join("\r\n"), /,"'=cmd\|""\/c calc""!A1","two\nlines, ""quoted"""\r\n$/);
  });

  it("as JSON that reads back as it was", () => {
    assert.deepEqual(JSON.parse(exportEvents(events, "json")), events);
    assert.deepEqual(JSON.parse(exportEvents([], "json")), []);
  });
});
