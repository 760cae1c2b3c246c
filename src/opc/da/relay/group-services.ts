import { hresult } from "../mapping/hresult.ts";
import type { Outcome } from "../wire/message-codec.ts";
import type { ItemDefinition, RequestBody, ResponseBody } from "../wire/requests.ts";
import { ClientGroup } from "./client-group.ts";
import type { DaLeg } from "./da-leg.ts";
import { type DaSession, type Failure, failed } from "./da-session.ts";
import { changedState, groupChange, type LegGroup } from "./leg-group.ts";

/**
 * What changes a client's groups: carried out on the active member, remembered under the client's handles,
 * and followed by the other member. One change follows the other, as the client asked for them.
 */
export class GroupServices {
  readonly #session: DaSession;

  constructor(session: DaSession) {
    this.#session = session;
  }

  async addGroup(
    body: RequestBody<"addGroup">,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<"addGroup">>> {
    const session = this.#session;
    if (body.group === 0 || session.groups.has(body.group)) {
      return failed(hresult.E_INVALIDARG, `group ${body.group} exists already`);
    }
    const { active, updateRateMs, timeBiasMinutes, deadbandPercent, locale, keepAliveMs } = body;
    const group = new ClientGroup({
      handle: body.group,
      name: body.name,
      state: { active, updateRateMs, timeBiasMinutes, deadbandPercent, locale, keepAliveMs },
      clock: session.environment.clock,
      active: session.active,
      detectionMs: session.environment.detectionMs(),
      deliver: (change) => session.deliver(change),
    });
    let doneOn: DaLeg | null = null;
    const outcome = await session.onActiveLeg((leg) => {
      doneOn = leg;
      return leg.add(group, session.publishes(leg.role)).create(deadlineMs);
    });
    if (!outcome.ok) {
      for (const leg of session.legs()) leg.drop(group.handle);
      return outcome;
    }
    session.groups.set(group.handle, group);
    // what was switched meanwhile
    if (session.active) group.switchTo(session.active);
    else group.pause();
    session.followGroup(group, doneOn);
    return outcome;
  }

  removeGroup(body: RequestBody<"removeGroup">): Outcome<ResponseBody<"removeGroup">> {
    const group = this.#session.groups.get(body.group);
    if (!group) return unknownGroup(body.group);
    // gone for the client whatever the members say: a member that is lost has no such group either
    this.#session.removeGroup(group);
    return { ok: true, result: hresult.S_OK, body: {} };
  }

  setState(
    body: RequestBody<"setGroupState">,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<"setGroupState">>> {
    return this.#change(
      body.group,
      (legGroup, group) => legGroup.setState(body, changedState(group.state, body), deadlineMs),
      (group) => {
        const wasActive = group.state.active;
        group.state = changedState(group.state, body);
        if ((body.change & groupChange.active) !== 0 && body.active && !wasActive) {
          group.startAnew(group.items.keys());
        }
      },
    );
  }

  addItems(body: RequestBody<"addItems">, deadlineMs: number): Promise<Outcome<ResponseBody<"addItems">>> {
    return this.#change(
      body.group,
      (legGroup, group) => {
        group.startAnew(body.items.map(({ item }) => item));
        return legGroup.change("addItems", body, deadlineMs);
      },
      (group, legGroup, { errors }) =>
        body.items.forEach((definition, index) => {
          if ((errors[index] ?? hresult.E_FAIL) < 0) return;
          group.items.set(definition.item, definition);
          legGroup.noteItem(definition);
        }),
    );
  }

  removeItems(
    body: RequestBody<"removeItems">,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<"removeItems">>> {
    return this.#change(
      body.group,
      (legGroup) => legGroup.change("removeItems", body, deadlineMs),
      (group, legGroup) => {
        for (const item of body.items) {
          group.items.delete(item);
          legGroup.noteRemoved(item);
        }
      },
    );
  }

  setItemsActive(
    body: RequestBody<"setItemsActive">,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<"setItemsActive">>> {
    return this.#change(
      body.group,
      (legGroup, group) => {
        if (body.active) group.startAnew(body.items);
        return legGroup.change("setItemsActive", body, deadlineMs);
      },
      (group, legGroup, { errors }) =>
        redefine(group, legGroup, body.items, errors, (item) => ({ ...item, active: body.active })),
    );
  }

  setDatatypes(
    body: RequestBody<"setDatatypes">,
    deadlineMs: number,
  ): Promise<Outcome<ResponseBody<"setDatatypes">>> {
    return this.#change(
      body.group,
      (legGroup) => legGroup.change("setDatatypes", body, deadlineMs),
      (group, legGroup, { errors }) =>
        redefine(group, legGroup, body.items, errors, (item, index) => ({
          ...item,
          requestedType: body.types[index] ?? item.requestedType,
        })),
    );
  }

  /** Has the values of a group sent anew; the answer is a DataChange with the transaction. */
  async refresh(body: RequestBody<"refresh">, deadlineMs: number): Promise<Outcome<ResponseBody<"refresh">>> {
    const group = this.#session.groups.get(body.group);
    if (!group) return unknownGroup(body.group);
    if (body.transaction === 0) return failed(hresult.E_INVALIDARG, "a refresh needs a transaction");
    // before the call: the values may come before its answer
    group.refreshAsked(body.transaction, body.source);
    const outcome = await this.#session.forward("refresh", body, true, deadlineMs);
    if (!outcome.ok) group.refreshRefused(body.transaction);
    return outcome;
  }

  async #change<T>(
    handle: number,
    operation: (legGroup: LegGroup, group: ClientGroup) => Promise<Outcome<T>>,
    done: (group: ClientGroup, legGroup: LegGroup, body: T) => void,
  ): Promise<Outcome<T>> {
    const session = this.#session;
    const group = session.groups.get(handle);
    if (!group) return unknownGroup(handle);
    let doneOn: DaLeg | null = null;
    const outcome = await session.onActiveLeg(async (leg) => {
      if (!leg.group(handle)) await leg.follow(group, session.publishes(leg.role)).catch(() => undefined);
      const legGroup = leg.group(handle);
      if (!legGroup) return notFollowed(handle, leg);
      doneOn = leg;
      const answer = await operation(legGroup, group);
      if (answer.ok) done(group, legGroup, answer.body);
      return answer;
    });
    if (outcome.ok) session.followGroup(group, doneOn);
    return outcome;
  }
}

function redefine(
  group: ClientGroup,
  legGroup: LegGroup,
  items: Uint32Array,
  errors: Int32Array,
  change: (definition: ItemDefinition, index: number) => ItemDefinition,
): void {
  items.forEach((item, index) => {
    const definition = group.items.get(item);
    if (!definition || (errors[index] ?? hresult.E_FAIL) < 0) return;
    const changed = change(definition, index);
    group.items.set(item, changed);
    legGroup.noteItem(changed);
  });
}

function unknownGroup(handle: number): Failure {
  return failed(hresult.OPC_E_INVALIDHANDLE, `there is no group ${handle}`);
}

function notFollowed(handle: number, leg: DaLeg): Failure {
  return failed(hresult.RPC_S_CALL_FAILED_DNE, `the ${leg.role} member does not have group ${handle} yet`);
}
