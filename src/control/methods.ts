import { UnderstudyError } from "../core/error.ts";
import { type Role, roles } from "../core/role.ts";
import { type EventFilter, severities } from "../diagnostics/filter.ts";
import type { BrokerApi, Following } from "./broker-api.ts";
import { badRequest, isObject } from "./protocol.ts";

type Params = Readonly<Record<string, unknown>>;

const textLimit = 1000;

/**
 * Calls the method of the broker a request names; `following.signal` breaks off what takes its time. Throws
 * CONTROL_UNKNOWN_METHOD, CONTROL_BAD_REQUEST.
 */
export async function callBroker(
  api: BrokerApi,
  method: string,
  params: Params,
  following: Following = {},
): Promise<unknown> {
  switch (method) {
    case "status":
      return await api.status();
    case "enable":
      return await api.enable(text(params, "pair"), text(params, "reason"));
    case "disable":
      return await api.disable(text(params, "pair"), text(params, "reason"));
    case "suspend":
      return await api.suspend(text(params, "pair"), text(params, "reason"));
    case "resume":
      return await api.resume(text(params, "pair"), text(params, "reason"));
    case "approve":
      return await api.approve(text(params, "pair"), text(params, "reason"));
    case "switchover":
      return await api.switchover(text(params, "pair"), {
        to: roleOrNull(params, "to"),
        reason: text(params, "reason"),
        force: flag(params, "force"),
        dryRun: flag(params, "dryRun"),
      });
    case "reload":
      return await api.reload();
    case "browse":
      return await api.browse(
        text(params, "pair"),
        oneOf(params, "member", roles) ?? "primary",
        params["node"] === null ? null : text(params, "node"),
        following,
      );
    case "findEndpoints":
      return await api.findEndpoints(text(params, "url"), following);
    case "findServers":
      return await api.findServers(textOrNull(params, "machine"), following);
    case "testNotification":
      return await api.testNotification(textOrNull(params, "pair"), following);
    default:
      throw new UnderstudyError(
        "CONTROL_UNKNOWN_METHOD",
        `The running broker does not know the method '${printable(method)}'. Is it of an older version?`,
      );
  }
}

/** What a request for events asks for. */
export interface EventsRequest {
  readonly filter: EventFilter;
  /** Past events to begin with: that many of the newest; null = all. */
  readonly past: number | null;
  /** Go on with new events. */
  readonly follow: boolean;
}

export function readEventsRequest(params: Params): EventsRequest {
  const { filter = {}, past = null } = params;
  if (!isObject(filter)) throw badRequest("filter must be an object");
  if (past !== null && !isCount(past)) throw badRequest("past must be a whole number or null");
  return { filter: readFilter(filter), past, follow: flag(params, "follow") };
}

function readFilter(params: Params): EventFilter {
  const { codes, afterId } = params;
  if (codes !== undefined && !(Array.isArray(codes) && codes.every((code) => typeof code === "string"))) {
    throw badRequest("codes must be a list of texts");
  }
  if (afterId !== undefined && !isCount(afterId)) throw badRequest("afterId must be a whole number");
  return {
    pair: optionalText(params, "pair"),
    member: oneOf(params, "member", roles),
    severity: oneOf(params, "severity", severities),
    client: optionalText(params, "client"),
    since: optionalText(params, "since"),
    until: optionalText(params, "until"),
    codes,
    afterId,
  };
}

function text(params: Params, name: string): string {
  const value = optionalText(params, name);
  if (value === undefined) throw badRequest(`${name} is missing`);
  return value;
}

function textOrNull(params: Params, name: string): string | null {
  return params[name] === null ? null : text(params, name);
}

function optionalText(params: Params, name: string): string | undefined {
  const value = params[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value.length > textLimit) {
    throw badRequest(`${name} must be a text of at most ${textLimit} characters`);
  }
  return value;
}

function flag(params: Params, name: string): boolean {
  const value = params[name] ?? false;
  if (typeof value !== "boolean") throw badRequest(`${name} must be true or false`);
  return value;
}

function roleOrNull(params: Params, name: string): Role | null {
  return params[name] === null ? null : (oneOf(params, name, roles) ?? null);
}

function oneOf<T extends string>(params: Params, name: string, allowed: readonly T[]): T | undefined {
  const value = params[name];
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw badRequest(`${name} must be one of ${allowed.join(", ")}`);
  return found;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function printable(name: string): string {
  return name.slice(0, 50).replace(/[^\x20-\x7e]/g, "?");
}
