/** Cuts a stream of bytes into lines of UTF-8. */
export interface LineReader {
  /** Lines completed by these bytes. Throws RangeError for a line over the limit, TypeError for bad UTF-8. */
  push(bytes: Buffer): string[];
}

export function createLineReader(limitBytes: number): LineReader {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let parts: Buffer[] = [];
  let size = 0;

  function keep(part: Buffer): void {
    size += part.length;
    if (size > limitBytes) throw new RangeError(`a line is longer than ${limitBytes} bytes`);
    parts.push(part);
  }

  return {
    push(bytes) {
      const lines: string[] = [];
      let start = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
        keep(bytes.subarray(start, end));
        lines.push(decoder.decode(Buffer.concat(parts)));
        parts = [];
        size = 0;
        start = end + 1;
      }
      if (start < bytes.length) keep(bytes.subarray(start));
      return lines;
    },
  };
}
