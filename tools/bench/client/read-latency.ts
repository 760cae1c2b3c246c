import { rawRequest } from "../../../src/opc/ua/wire/raw-factory.ts";
import { Writer } from "../../simulator/wire/writer.ts";
import { BenchSession } from "./bench-session.ts";

export interface ReadLatency {
  readonly p50Us: number;
  readonly p99Us: number;
}

const warmUpReads = 200;
const timeoutMs = 5000;

/** Reads one value again and again, one request at a time, in a session of its own. */
export async function measureReads(endpointUrl: string, reads: number): Promise<ReadLatency> {
  const session = await BenchSession.open(endpointUrl, timeoutMs);
  try {
    const body = readBody("Ramp0");
    const durations = new Float64Array(reads);
    for (let index = -warmUpReads; index < reads; index++) {
      const startMs = performance.now();
      await session.call(rawRequest("Read", body), timeoutMs);
      if (index >= 0) durations[index] = performance.now() - startMs;
    }
    durations.sort();
    const at = (share: number) => Math.round((durations[Math.floor(share * reads)] ?? 0) * 1000);
    return { p50Us: at(0.5), p99Us: at(0.99) };
  } finally {
    await session.close();
  }
}

function readBody(item: string): Buffer {
  const name = Buffer.from(item, "latin1");
  const body = new Writer().double(0).int32(2).int32(1);
  body.uint8(3).uint16(1).int32(name.length).append(name);
  return Buffer.from(body.uint32(13).int32(-1).uint16(0).int32(-1).bytes);
}
