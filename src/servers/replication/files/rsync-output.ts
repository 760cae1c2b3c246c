/** How far a transfer is. */
export interface TransferProgress {
  /** Bytes of files handled so far, sent or found equal in parts. */
  readonly bytes: number;
  /** Of the size of all files; 0 to 100. */
  readonly percent: number;
  readonly bytesPerSecond: number;
}

export interface TransferSummary {
  /** Files of the source that the rules include. */
  readonly files: number;
  readonly transferredFiles: number;
  readonly totalBytes: number;
  /** Size of the transferred files, whatever of them was different. */
  readonly transferredBytes: number;
  /** Bytes that travelled because they were different. */
  readonly literalBytes: number;
  readonly deletedFiles: number;
}

const progressLine = /^\s*([\d,]+)\s+(\d+)%\s+([\d.]+)([kMGT]?)B\/s/;
const units: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** One line of `--info=progress2`; null where the line is something else. */
export function parseProgress(line: string): TransferProgress | null {
  const match = progressLine.exec(line);
  if (!match) return null;
  const [, bytes = "0", percent = "0", speed = "0", unit = ""] = match;
  return {
    bytes: numberOf(bytes),
    percent: Math.min(Number(percent), 100),
    bytesPerSecond: Number(speed) * (units[unit] ?? 1),
  };
}

const summaryFields: readonly (readonly [keyof TransferSummary, RegExp])[] = [
  ["files", /^Number of files: [\d,]+(?: \(.*?reg: ([\d,]+))?/],
  ["transferredFiles", /^Number of regular files transferred: ([\d,]+)/],
  ["totalBytes", /^Total file size: ([\d,]+)/],
  ["transferredBytes", /^Total transferred file size: ([\d,]+)/],
  ["literalBytes", /^Literal data: ([\d,]+)/],
  ["deletedFiles", /^Number of deleted files: ([\d,]+)/],
];

/** Collects what rsync writes, line by line: the summary of `--info=stats2`, and deletions. */
export class SummaryReader {
  readonly #found: Partial<Record<keyof TransferSummary, number>> = {};
  readonly deletions: string[] = [];

  line(line: string): void {
    const deletion = /^(?:\*)?deleting\s+(.*)$/.exec(line);
    if (deletion?.[1] !== undefined) this.deletions.push(deletion[1]);
    for (const [field, pattern] of summaryFields) {
      const match = pattern.exec(line);
      if (match) this.#found[field] = numberOf(match[1] ?? "0");
    }
  }

  get summary(): TransferSummary {
    return {
      files: 0,
      transferredFiles: 0,
      totalBytes: 0,
      transferredBytes: 0,
      literalBytes: 0,
      deletedFiles: 0,
      ...this.#found,
    };
  }
}

/** Cuts output into lines; rsync ends those of its progress with a carriage return. */
export function lineCutter(onLine: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
  };
}

function numberOf(text: string): number {
  return Number(text.replaceAll(",", ""));
}
