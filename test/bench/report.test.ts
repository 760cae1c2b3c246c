import assert from "node:assert/strict";
import { failoverReport, table, throughputReport } from "../../tools/bench/report.ts";
import { median } from "../../tools/bench/statistics.ts";

const sample = {
  values: 500_000,
  lost: 0,
  duplicated: 0,
  windowMs: 5000,
  cpuSecondsPerMillion: 0.5,
  residentMb: 150,
  clientCpuShare: 0.1,
  simulatorCpuShare: 0.1,
  setUpMs: 100,
  readP50Us: 200,
  readP99Us: 400,
};

describe("The report of a bench", () => {
  it("has one row a cell with the keys scripts rely on", () => {
    const { rows } = throughputReport([
      { cell: { path: "hot", items: 10_000 }, samples: [sample], skipped: [] },
    ]);
    assert.deepEqual(rows, [
      {
        path: "hot",
        items: 10_000,
        offered: 100_000,
        delivered: 100_000,
        lost: 0,
        duplicated: 0,
        brokerCpuSecondsPerMillion: 0.5,
        readP50Us: 200,
        readP99Us: 400,
      },
    ]);
    const run = {
      longestSilenceMs: 110,
      values: 1,
      lost: 0,
      duplicated: 0,
      setUpMs: 50,
      reconnectSetUpMs: null,
      reconnects: 0,
    };
    const failover = failoverReport(
      [{ cell: { path: "hot", items: 1000, fault: "kill" }, samples: [run], skipped: [] }],
      100,
    );
    assert.deepEqual(Object.keys(failover.rows[0] ?? {}), [
      "path",
      "fault",
      "items",
      "publishingIntervalMs",
      "longestSilenceMs",
      "lost",
      "duplicated",
    ]);
  });

  it("takes medians of times and the worst of losses", () => {
    const samples = [
      { ...sample, readP50Us: 100 },
      { ...sample, readP50Us: 900, lost: 3, values: 499_997 },
      { ...sample, readP50Us: 200 },
    ];
    const { rows } = throughputReport([{ cell: { path: "warm", items: 1000 }, samples, skipped: [] }]);
    assert.equal(rows[0]?.["readP50Us"], 200);
    assert.equal(rows[0]?.["lost"], 3);
    assert.equal(median([4, 1, 3, 2]), 2.5);
  });

  it("says in a word what was skipped", () => {
    const report = failoverReport(
      [
        {
          cell: { path: "haproxy", items: 1000, fault: "kill" },
          samples: [],
          skipped: ["haproxy is not installed"],
        },
      ],
      100,
    );
    assert.deepEqual(report.rows, []);
    assert.match(table(report), /skipped: haproxy 1000 kill: haproxy is not installed/);
  });
});
