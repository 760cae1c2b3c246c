import {
  AttributeIds,
  BrowsePath,
  DataChangeFilter,
  DataChangeTrigger,
  type DataValue,
  DeadbandType,
  type NodeId,
  type Range,
  RelativePath,
  RelativePathElement,
  type StatusCode,
  StatusCodes,
  TranslateBrowsePathsToNodeIdsRequest,
  TranslateBrowsePathsToNodeIdsResponse,
} from "node-opcua";
import { decodeResponse } from "../upstream/decode-response.ts";
import type { ServiceResponse, UpstreamSession } from "../upstream/upstream-session.ts";
import { anyAgeMs, readAttributes } from "./calls.ts";

/** A group's percent deadband (OPC DA 3.0, 4.5.1.6) for an OPC UA server (OPC 10000-8, 6.2); undefined = none. */
export function percentFilter(percent: number): DataChangeFilter | undefined {
  if (percent <= 0) return undefined;
  return new DataChangeFilter({
    trigger: DataChangeTrigger.StatusValue,
    deadbandType: DeadbandType.Percent,
    deadbandValue: percent,
  });
}

/** A server that takes no such filter for an item: it has no range, or the server does not know the filter. */
export function isFilterRefused(status: StatusCode | undefined): boolean {
  return [
    StatusCodes.BadMonitoredItemFilterUnsupported,
    StatusCodes.BadMonitoredItemFilterInvalid,
    StatusCodes.BadFilterNotAllowed,
    StatusCodes.BadDeadbandFilterInvalid,
  ].some((refusal) => refusal.equals(status ?? StatusCodes.Good));
}

const hasProperty = "i=46";

/** High - low of each node's EURange; null where it has none, as all that is not analog. @throws (rejects) ServiceError */
export async function spansOf(
  session: UpstreamSession,
  nodeIds: readonly NodeId[],
  timeoutMs: number,
): Promise<(number | null)[]> {
  const browsePaths = nodeIds.map(
    (startingNode) =>
      new BrowsePath({
        startingNode,
        relativePath: new RelativePath({
          elements: [
            new RelativePathElement({
              referenceTypeId: hasProperty,
              includeSubtypes: true,
              isInverse: false,
              targetName: { namespaceIndex: 0, name: "EURange" },
            }),
          ],
        }),
      }),
  );
  const request = new TranslateBrowsePathsToNodeIdsRequest({ browsePaths });
  const response = await session.call<ServiceResponse>(request, timeoutMs);
  const found = decodeResponse(TranslateBrowsePathsToNodeIdsResponse, response).results ?? [];
  const ranges = nodeIds.map((_, index) => found[index]?.targets?.[0]?.targetId ?? null);
  const asked = ranges.flatMap((nodeId) => (nodeId ? [{ nodeId, attributeId: AttributeIds.Value }] : []));
  const values = await readAttributes(session, asked, anyAgeMs, timeoutMs);
  let next = 0;
  return ranges.map((nodeId) => (nodeId ? spanOf(values[next++]) : null));
}

function spanOf(value: DataValue | undefined): number | null {
  const range = value?.value.value as Partial<Range> | null | undefined;
  const span = Number(range?.high) - Number(range?.low);
  return span > 0 && Number.isFinite(span) ? span : null;
}

/**
 * The deadband of items whose server does not apply it though they are analog: a value goes on where it differs from
 * the last one that did by more than so many percent of the range, or where the quality changes.
 */
export class OwnDeadband {
  readonly #spans = new Map<number, number>();
  readonly #last = new Map<number, DataValue>();
  percent = 0;

  watch(item: number, span: number | null): void {
    if (span === null) this.forget(item);
    else this.#spans.set(item, span);
  }

  forget(item: number): void {
    this.#spans.delete(item);
    this.#last.delete(item);
  }

  /** The next value of each item goes on whatever it is. */
  startAnew(items: Iterable<number>): void {
    for (const item of items) this.#last.delete(item);
  }

  passes(item: number, value: DataValue): boolean {
    const span = this.#spans.get(item);
    if (span === undefined || this.percent <= 0) return true;
    const last = this.#last.get(item);
    const isNews =
      last === undefined ||
      !last.statusCode.equals(value.statusCode) ||
      !(Math.abs(Number(value.value.value) - Number(last.value.value)) <= (this.percent / 100) * span);
    if (isNews) this.#last.set(item, value);
    return isNews;
  }
}
