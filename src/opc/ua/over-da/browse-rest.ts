import { randomBytes } from "node:crypto";
import { BrowseResult, type ReferenceDescription, StatusCodes } from "node-opcua";

/** References that clients have not fetched yet, at most for so many of their browses; the oldest go first. */
const mostPoints = 100;
/** A server has to have a limit; this one is what a page of a client holds comfortably. */
const mostReferences = 10_000;

interface Rest {
  readonly references: readonly ReferenceDescription[];
  readonly most: number;
}

/** What is left of the browses of one client (OPC 10000-4, 7.9): pages of references by continuation points. */
export class BrowseRest {
  readonly #rests = new Map<string, Rest>();

  /** The first page of a browse. `requested`: references the client takes at most; 0 = any number. */
  begin(references: readonly ReferenceDescription[], requested: number): BrowseResult {
    const most = requested === 0 ? mostReferences : Math.min(requested, mostReferences);
    return this.#page({ references, most });
  }

  /** The next page; the point is spent with it. BadContinuationPointInvalid where there is no such point. */
  next(point: Buffer | null): BrowseResult {
    const rest = this.#take(point);
    return rest
      ? this.#page(rest)
      : new BrowseResult({ statusCode: StatusCodes.BadContinuationPointInvalid });
  }

  /** The client does not want the rest. */
  release(point: Buffer | null): BrowseResult {
    const statusCode = this.#take(point) ? StatusCodes.Good : StatusCodes.BadContinuationPointInvalid;
    return new BrowseResult({ statusCode });
  }

  #take(point: Buffer | null): Rest | undefined {
    const key = point?.toString("hex") ?? "";
    const rest = this.#rests.get(key);
    this.#rests.delete(key);
    return rest;
  }

  #page({ references, most }: Rest): BrowseResult {
    const page = { statusCode: StatusCodes.Good, references: references.slice(0, most) };
    if (references.length <= most) return new BrowseResult(page);
    const continuationPoint = randomBytes(16);
    this.#rests.set(continuationPoint.toString("hex"), { references: references.slice(most), most });
    for (const oldest of this.#rests.keys()) {
      if (this.#rests.size <= mostPoints) break;
      this.#rests.delete(oldest);
    }
    return new BrowseResult({ ...page, continuationPoint });
  }
}
