import type { Cell, FailoverCell, Measured } from "./bench.ts";
import type { FailoverSample } from "./runs/failover.ts";
import type { ThroughputSample } from "./runs/throughput.ts";
import { median, rounded } from "./statistics.ts";

type Row = Readonly<Record<string, string | number | null>>;

export interface Report {
  /** Medians of the runs, one row a cell. */
  readonly rows: readonly Row[];
  /** What else was measured, in the order of the rows: medians, and the single runs. */
  readonly details: readonly Readonly<Record<string, unknown>>[];
  readonly skipped: readonly string[];
}

/** `offered` and `delivered` are values a second; `lost` and `duplicated` the most of any run. */
export function throughputReport(measured: readonly Measured<Cell, ThroughputSample>[]): Report {
  return report(measured, ({ cell, samples }) => {
    const per = (of: (sample: ThroughputSample) => number) => median(samples.map(of));
    const cpu = samples.flatMap((sample) => sample.cpuSecondsPerMillion ?? []);
    const perSecond = (values: number, sample: ThroughputSample) => (values * 1000) / sample.windowMs;
    return {
      row: {
        path: cell.path,
        items: cell.items,
        offered: Math.round(per((sample) => perSecond(sample.values + sample.lost, sample))),
        delivered: Math.round(per((sample) => perSecond(sample.values, sample))),
        lost: Math.max(...samples.map((sample) => sample.lost)),
        duplicated: Math.max(...samples.map((sample) => sample.duplicated)),
        brokerCpuSecondsPerMillion: cpu.length === 0 ? null : rounded(median(cpu), 3),
        readP50Us: Math.round(per((sample) => sample.readP50Us)),
        readP99Us: Math.round(per((sample) => sample.readP99Us)),
      },
      detail: {
        setUpMs: rounded(
          per((sample) => sample.setUpMs),
          1,
        ),
        residentMb: per((sample) => sample.residentMb ?? 0) || null,
        clientCpuShare: rounded(
          per((sample) => sample.clientCpuShare),
          3,
        ),
        simulatorCpuShare: rounded(
          per((sample) => sample.simulatorCpuShare),
          3,
        ),
      },
    };
  });
}

/** `lost` and `duplicated` are the most of any run, the silence is a median. */
export function failoverReport(
  measured: readonly Measured<FailoverCell, FailoverSample>[],
  publishingIntervalMs: number,
): Report {
  return report(measured, ({ cell, samples }) => {
    const reconnects = samples.flatMap((sample) => sample.reconnectSetUpMs ?? []);
    return {
      row: {
        path: cell.path,
        fault: cell.fault,
        items: cell.items,
        publishingIntervalMs,
        longestSilenceMs: rounded(median(samples.map((sample) => sample.longestSilenceMs)), 1),
        lost: Math.max(...samples.map((sample) => sample.lost)),
        duplicated: Math.max(...samples.map((sample) => sample.duplicated)),
      },
      detail: {
        setUpMs: rounded(median(samples.map((sample) => sample.setUpMs)), 1),
        reconnectSetUpMs: reconnects.length === 0 ? null : rounded(median(reconnects), 1),
        reconnects: Math.max(...samples.map((sample) => sample.reconnects)),
        worstSilenceMs: rounded(Math.max(...samples.map((sample) => sample.longestSilenceMs)), 1),
      },
    };
  });
}

function report<C extends Cell, S>(
  measured: readonly Measured<C, S>[],
  summarize: (of: Measured<C, S>) => { readonly row: Row; readonly detail: Row },
): Report {
  const done = measured.filter((of) => of.samples.length > 0);
  const summaries = done.map((of) => ({ of, ...summarize(of) }));
  return {
    rows: summaries.map(({ row }) => row),
    details: summaries.map(({ of, detail }) => Object.assign({}, of.cell, detail, { runs: of.samples })),
    skipped: measured.flatMap((of) => of.skipped.map((why) => `${Object.values(of.cell).join(" ")}: ${why}`)),
  };
}

/** The rows with their details as a table for people. */
export function table({ rows, details, skipped }: Report): string {
  const full = rows.map((row, index) => {
    const extra = Object.entries(details[index] ?? {}).filter(([key]) => !(key in row) && key !== "runs");
    return { ...row, ...Object.fromEntries(extra) } as Row;
  });
  const names = Object.keys(full[0] ?? {});
  const lines = [names, ...full.map((row) => names.map((name) => String(row[name] ?? "-")))];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) => line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "));
  return [...text, ...new Set(skipped.map((why) => `skipped: ${why}`))].join("\n");
}
