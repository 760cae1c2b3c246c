/** Upper bounds of the histogram of status queries, in s. */
export const probeBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export type Labels = Readonly<Record<string, string>>;

export interface Histogram {
  readonly labels: Labels;
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** What only grows, by labels. */
export type Counts = Map<string, { readonly labels: Labels; count: number }>;

export type Sample = readonly [Labels, number];

export function addCount(counts: Counts, labels: Labels): void {
  const key = JSON.stringify(labels);
  const known = counts.get(key);
  if (known) known.count += 1;
  else counts.set(key, { labels, count: 1 });
}

export function samplesOf(counts: Counts): Sample[] {
  return [...counts.values()].map(({ labels, count: value }) => [labels, value]);
}

/** Prometheus' text format, version 0.0.4. */
export class MetricsText {
  text = "";

  family(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return;
    this.#head(name, type, help);
    for (const [labels, value] of samples) this.#line(name, labels, value);
  }

  histogram(name: string, help: string, histograms: readonly Histogram[]): void {
    if (histograms.length === 0) return;
    this.#head(name, "histogram", help);
    for (const { labels, buckets, sum, count: total } of histograms) {
      for (const [index, bound] of probeBounds.entries()) {
        this.#line(`${name}_bucket`, { ...labels, le: String(bound) }, buckets[index] ?? 0);
      }
      this.#line(`${name}_bucket`, { ...labels, le: "+Inf" }, total);
      this.#line(`${name}_sum`, labels, sum);
      this.#line(`${name}_count`, labels, total);
    }
  }

  #head(name: string, type: string, help: string): void {
    this.text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  #line(name: string, labels: Labels, value: number): void {
    const text = Object.entries(labels)
      .map(([label, each]) => `${label}="${each.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
      .join(",");
    this.text += `${name}${text === "" ? "" : `{${text}}`} ${value}\n`;
  }
}
