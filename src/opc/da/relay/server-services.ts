import { hresult } from "../mapping/hresult.ts";
import { quality } from "../mapping/quality.ts";
import { filetimeOfUnixMs } from "../mapping/time.ts";
import type { ServerRequest } from "../upstream/da-server.ts";
import type { Outcome } from "../wire/message-codec.ts";
import type { RequestBody, ResponseBody } from "../wire/requests.ts";
import { type DaSession, failed } from "./da-session.ts";
import { GroupServices } from "./group-services.ts";
import { statesOfQuality } from "./states.ts";

/** OPCSERVERSTATE (OPC DA 3.0, 4.3.4.1). */
export const serverState = Object.freeze({
  running: 1,
  failed: 2,
  noConfiguration: 3,
  suspended: 4,
  test: 5,
  communicationFault: 6,
} as const);

type Status = ResponseBody<"getStatus">;

const unknownStatus: Omit<Status, "currentTime"> = Object.freeze({
  startTime: 0n,
  lastUpdateTime: 0n,
  state: serverState.communicationFault,
  groupCount: 0,
  bandwidth: 0xffff_ffff,
  majorVersion: 0,
  minorVersion: 0,
  buildNumber: 0,
  vendorInfo: null,
});

/** Answers what one DA client asks of its server object. */
export class ServerServices {
  readonly #session: DaSession;
  readonly #groups: GroupServices;
  /** Changes of groups follow one another, and calls wait for the changes before them. */
  #tail: Promise<unknown> = Promise.resolve();
  #changing = 0;
  #lastStatus: Status | null = null;

  constructor(session: DaSession) {
    this.#session = session;
    this.#groups = new GroupServices(session);
  }

  /** Never rejects. */
  async answer<N extends ServerRequest>(
    name: N,
    body: RequestBody<N>,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<N>>> {
    const request = { name, body } as unknown as ServerCall;
    return (await this.#answer(request, deadlineMs)) as Outcome<ResponseBody<N>>;
  }

  #answer({ name, body }: ServerCall, deadlineMs: number): Promise<Outcome<unknown>> {
    const session = this.#session;
    switch (name) {
      case "addGroup":
        return this.#inOrder(() => this.#groups.addGroup(body, deadlineMs));
      case "removeGroup":
        return this.#inOrder(async () => this.#groups.removeGroup(body));
      case "setGroupState":
        return this.#inOrder(() => this.#groups.setState(body, deadlineMs));
      case "addItems":
        return this.#inOrder(() => this.#groups.addItems(body, deadlineMs));
      case "removeItems":
        return this.#inOrder(() => this.#groups.removeItems(body, deadlineMs));
      case "setItemsActive":
        return this.#inOrder(() => this.#groups.setItemsActive(body, deadlineMs));
      case "setDatatypes":
        return this.#inOrder(() => this.#groups.setDatatypes(body, deadlineMs));
      case "refresh":
        return this.#afterChanges(() => this.#groups.refresh(body, deadlineMs));
      case "setLocale":
        return session.setLocale(body, deadlineMs);
      case "setClientName":
        return session.setClientName(body, deadlineMs);
      case "getStatus":
        return this.#status(body, deadlineMs);
      case "read":
        return this.#afterChanges(() =>
          this.#orDark(body.items.length, session.forward(name, body, true, deadlineMs)),
        );
      case "readItemIds":
        return this.#orDark(body.itemIds.length, session.forward(name, body, true, deadlineMs));
      case "write":
        return this.#afterChanges(() => session.forward(name, body, false, deadlineMs));
      case "writeItemIds":
        return session.forward(name, body, false, deadlineMs);
      case "browse":
        return this.#browse(body, deadlineMs);
      case "validateItems":
        return this.#afterChanges(() => session.forward(name, body, true, deadlineMs));
      case "getErrorString":
      case "queryLocales":
      case "browseAddressSpace":
      case "queryOrganization":
      case "getItemIds":
      case "browseAccessPaths":
      case "queryProperties":
      case "getItemProperties":
      case "lookupItemIds":
      case "getProperties":
        return session.forward(name, body, true, deadlineMs);
    }
  }

  #inOrder<T>(operation: () => Promise<T>): Promise<T> {
    this.#changing += 1;
    const result = this.#tail.then(operation, operation).finally(() => {
      this.#changing -= 1;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  #afterChanges<T>(operation: () => Promise<T>): Promise<T> {
    return this.#changing === 0 ? operation() : this.#tail.then(operation);
  }

  /** A client that reads while nothing serves is told what a server without its device tells it. */
  async #orDark<T>(count: number, reading: Promise<Outcome<T>>): Promise<Outcome<unknown>> {
    const outcome = await reading;
    if (outcome.ok || !this.#session.isDark) return outcome;
    const now = filetimeOfUnixMs(this.#session.environment.clock.wallMs());
    return { ok: true, result: hresult.S_OK, body: statesOfQuality(count, quality.commFailure, now) };
  }

  async #status(body: RequestBody<"getStatus">, deadlineMs: number): Promise<Outcome<Status>> {
    const outcome = await this.#session.forward("getStatus", body, true, deadlineMs);
    if (outcome.ok) {
      this.#lastStatus = outcome.body;
      return outcome;
    }
    if (!this.#session.isDark) return outcome;
    const currentTime = filetimeOfUnixMs(this.#session.environment.clock.wallMs());
    const status = this.#lastStatus ?? unknownStatus;
    return {
      ok: true,
      result: hresult.S_OK,
      body: { ...status, currentTime, state: serverState.communicationFault },
    };
  }

  /** Continuation points belong to the server that gave them. */
  async #browse(body: RequestBody<"browse">, deadlineMs: number): Promise<Outcome<ResponseBody<"browse">>> {
    const given = body.continuation;
    const separator = given?.indexOf(":") ?? -1;
    const number = given && separator > 0 ? Number(given.slice(0, separator)) : null;
    const continuation = given && separator > 0 ? given.slice(separator + 1) : given;
    return this.#session.onActiveLeg(async (leg) => {
      if (number !== null && number !== leg.number) {
        return failed(hresult.OPC_E_INVALIDCONTINUATIONPOINT, "the browse was begun on another member");
      }
      const outcome = await leg.server.call("browse", { ...body, continuation }, deadlineMs);
      if (!outcome.ok || !outcome.body.continuation) return outcome;
      const tagged = `${leg.number}:${outcome.body.continuation}`;
      return { ...outcome, body: { ...outcome.body, continuation: tagged } };
    });
  }
}

type ServerCall = {
  readonly [N in ServerRequest]: { readonly name: N; readonly body: RequestBody<N> };
}[ServerRequest];
