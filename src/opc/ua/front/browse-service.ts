import {
  BrowseNextRequest,
  BrowseNextResponse,
  BrowseRequest,
  type BrowseResponse,
  type BrowseResult,
  StatusCodes,
} from "node-opcua";
import type { Leg } from "../relay/leg.ts";
import type { RelaySession } from "../relay/relay-session.ts";

const callTimeoutMs = 30_000;
const markBytes = 4;

/** Browse (OPC 10000-4, 5.9.2) on the active member. */
export function browse(relay: RelaySession, request: BrowseRequest): Promise<BrowseResponse> {
  return relay.onActiveLeg(async (leg) => {
    const { view, requestedMaxReferencesPerNode, nodesToBrowse } = request;
    const response = await leg.session.call<BrowseResponse>(
      new BrowseRequest({ view, requestedMaxReferencesPerNode, nodesToBrowse }),
      callTimeoutMs,
    );
    markResults(leg, response.results);
    return response;
  });
}

/**
 * BrowseNext (5.9.3). A continuation point is good only on the connection that gave it out; after a
 * switchover it is answered BadContinuationPointInvalid and the client browses anew.
 */
export function browseNext(relay: RelaySession, request: BrowseNextRequest): Promise<BrowseNextResponse> {
  return relay.onActiveLeg(async (leg) => {
    const points = request.continuationPoints ?? [];
    const known = points.filter((point) => isOf(leg, point));
    const response =
      known.length > 0
        ? await leg.session.call<BrowseNextResponse>(
            new BrowseNextRequest({
              releaseContinuationPoints: request.releaseContinuationPoints,
              continuationPoints: known.map((point) => point.subarray(markBytes)),
            }),
            callTimeoutMs,
          )
        : new BrowseNextResponse({});
    markResults(leg, response.results);
    const answers = [...(response.results ?? [])];
    const results = points.map((point) =>
      isOf(leg, point) ? answers.shift() : { statusCode: StatusCodes.BadContinuationPointInvalid },
    );
    return new BrowseNextResponse({
      responseHeader: response.responseHeader,
      results: results.filter((result) => result !== undefined),
    });
  });
}

/** Writes the leg's number in front of each continuation point, so that another leg's can be told apart. */
function markResults(leg: Leg, results: BrowseResult[] | null): void {
  const mark = Buffer.allocUnsafe(markBytes);
  mark.writeUInt32LE(leg.number, 0);
  for (const result of results ?? []) {
    const { continuationPoint } = result;
    if (continuationPoint && continuationPoint.length > 0) {
      result.continuationPoint = Buffer.concat([mark, continuationPoint]);
    }
  }
}

function isOf(leg: Leg, point: Buffer | null): point is Buffer {
  return point !== null && point.length > markBytes && point.readUInt32LE(0) === leg.number;
}
