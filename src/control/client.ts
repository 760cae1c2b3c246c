import { connect, type Socket } from "node:net";
import { UnderstudyError } from "../core/error.ts";
import type { DiagnosticEvent } from "../diagnostics/event.ts";
import type { EventFilter } from "../diagnostics/filter.ts";
import type { FollowItem } from "../diagnostics/follower.ts";
import type { MailTest } from "../notify/test-mail.ts";
import type {
  BrokerApi,
  BrowsedItem,
  Following,
  FoundEndpoint,
  FoundProgId,
  PairStatus,
  ReloadAnswer,
  SwitchoverAnswer,
} from "./broker-api.ts";
import { createItemQueue, type ItemQueue } from "./item-queue.ts";
import { createLineReader } from "./line-reader.ts";
import { answerLimitBytes, type BrokerInfo, isObject, parseObject, protocolVersion } from "./protocol.ts";
import type { ServerAnswer, ServerCheck, ServerStatus, ServersApi } from "./servers-api.ts";
import { controlPath } from "./socket-path.ts";

/** A connection to a running broker. */
export interface ControlClient extends BrokerApi, ServersApi {
  readonly info: BrokerInfo;
  /**
   * Events of the past, then, with `follow`, new ones until the loop is left. A reader that does not keep up
   * gets a `missed` item in place of what was dropped.
   */
  events(options: {
    readonly filter?: EventFilter | undefined;
    /** That many of the newest past events; null = all. */
    readonly past: number | null;
    readonly follow: boolean;
  }): AsyncIterableIterator<FollowItem>;
  /** Forgets the events kept so far, or those of one pair. */
  clearEvents(pair?: string | null): Promise<void>;
  close(): void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: UnderstudyError) => void;
}

/** Events a busy reader may have waiting before the connection is not read from any more. */
const readAheadLimit = 256;
/** A mail server may take its time, in ms. */
const mailTestTimeoutMs = 120_000;
/** Other machines may take theirs, in ms. */
const serverCheckTimeoutMs = 60_000;
/** DCOM gives up on a machine that is not there after about a minute, in ms. */
const findServersTimeoutMs = 90_000;

interface CallOptions {
  readonly limitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to the broker that runs on this state directory. `timeoutMs` bounds the connection and each answer.
 * Throws BROKER_NOT_RUNNING, CONTROL_FORBIDDEN, CONTROL_PROTOCOL_MISMATCH, CONTROL_TIMEOUT;
 * every method throws what the broker threw, CONTROL_TIMEOUT or CONTROL_CONNECTION_LOST.
 */
export async function connectControl(
  stateDirectory: string,
  options: { readonly timeoutMs?: number } = {},
): Promise<ControlClient> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const socket = await openSocket(stateDirectory, timeoutMs);
  const reader = createLineReader(answerLimitBytes);
  const pending = new Map<number, Pending>();
  const streams = new Map<number, ItemQueue<FollowItem>>();
  let lastId = 0;
  let ended: UnderstudyError | null = null;

  function end(error: UnderstudyError): void {
    ended ??= error;
    for (const waiting of pending.values()) waiting.reject(ended);
    pending.clear();
    for (const queue of streams.values()) queue.fail(ended);
    streams.clear();
    socket.destroy();
  }

  function send(method: string, params: object): { id: number; result: Promise<unknown> } {
    const id = ++lastId;
    const result = new Promise<unknown>((resolve, reject) => {
      if (ended !== null) {
        reject(ended);
        return;
      }
      pending.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
    return { id, result };
  }

  async function call(
    method: string,
    params: object = {},
    { limitMs = timeoutMs, signal }: CallOptions = {},
  ): Promise<unknown> {
    if (signal?.aborted) throw new UnderstudyError("CANCELLED", `'${method}' was broken off.`);
    const { id, result } = send(method, params);
    const cancel = (): void => void send("cancel", { id }).result.catch(() => undefined);
    signal?.addEventListener("abort", cancel, { once: true });
    const timer = setTimeout(() => {
      const waiting = pending.get(id);
      pending.delete(id);
      waiting?.reject(
        new UnderstudyError("CONTROL_TIMEOUT", `The broker did not answer '${method}' within ${limitMs} ms.`),
      );
    }, limitMs);
    try {
      return await result;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    }
  }

  function receive(line: string): void {
    const answer = parseObject(line);
    if (answer === null) throw new TypeError("an answer is not a JSON object");
    const { id, event, missed, error, result } = answer;
    if (id === null) {
      end(readError(error));
      return;
    }
    if (typeof id !== "number") throw new TypeError("an answer has no id");
    const stream = streams.get(id);
    if (event !== undefined) {
      stream?.push({ kind: "event", event: event as DiagnosticEvent });
    } else if (missed !== undefined) {
      stream?.push({ kind: "missed", count: Number(missed) });
    } else {
      const waiting = pending.get(id);
      pending.delete(id);
      if (error !== undefined) waiting?.reject(readError(error));
      else waiting?.resolve(result);
    }
  }

  socket.on("data", (bytes) => {
    try {
      for (const line of reader.push(bytes)) receive(line);
    } catch (cause) {
      end(new UnderstudyError("CONTROL_BAD_ANSWER", "The broker's answer cannot be understood.", { cause }));
    }
    if ([...streams.values()].some((queue) => queue.size > readAheadLimit)) socket.pause();
  });
  const lost = (): void =>
    end(
      new UnderstudyError("CONTROL_CONNECTION_LOST", "The broker ended the connection; it may have stopped."),
    );
  socket.on("error", lost);
  socket.on("close", lost);

  async function* events(
    ...[{ filter = {}, past, follow }]: Parameters<ControlClient["events"]>
  ): AsyncGenerator<FollowItem, undefined> {
    const { id, result } = send("events", { filter, past, follow });
    const queue = createItemQueue<FollowItem>(() => socket.resume());
    streams.set(id, queue);
    result.then(
      () => queue.end(),
      (error: unknown) => queue.fail(error),
    );
    let complete = false;
    try {
      yield* queue;
      complete = true;
    } finally {
      streams.delete(id);
      socket.resume();
      if (!complete && ended === null) await call("cancel", { id }).catch(() => undefined);
    }
    return undefined;
  }

  const info = (await call("hello", { protocol: protocolVersion }).catch((error: unknown) => {
    socket.destroy();
    throw error;
  })) as BrokerInfo;

  return {
    info,
    status: async () => (await call("status")) as readonly PairStatus[],
    enable: async (pair, reason) => (await call("enable", { pair, reason })) as PairStatus,
    disable: async (pair, reason) => (await call("disable", { pair, reason })) as PairStatus,
    suspend: async (pair, reason) => (await call("suspend", { pair, reason })) as PairStatus,
    resume: async (pair, reason) => (await call("resume", { pair, reason })) as PairStatus,
    approve: async (pair, reason) => (await call("approve", { pair, reason })) as SwitchoverAnswer,
    switchover: async (pair, parameters) =>
      (await call("switchover", { pair, ...parameters })) as SwitchoverAnswer,
    reload: async () => (await call("reload")) as ReloadAnswer,
    browse: async (pair, member, node, following) =>
      (await call("browse", { pair, member, node }, signalOf(following))) as readonly BrowsedItem[],
    findEndpoints: async (url, following) =>
      (await call("findEndpoints", { url }, signalOf(following))) as readonly FoundEndpoint[],
    findServers: async (machine, following) =>
      (await call(
        "findServers",
        { machine },
        { ...signalOf(following), limitMs: findServersTimeoutMs },
      )) as readonly FoundProgId[],
    testNotification: async (pair, following) =>
      (await call(
        "testNotification",
        { pair },
        { ...signalOf(following), limitMs: mailTestTimeoutMs },
      )) as readonly MailTest[],
    ...serversClient(call),
    events,
    async clearEvents(pair = null) {
      await call("clearEvents", { pair });
    },
    close() {
      end(new UnderstudyError("CONTROL_CLOSED", "This connection to the broker was closed."));
    },
  };
}

/** What a following asks for that goes over the socket: to be ended. */
function signalOf(following: Following | undefined): Pick<CallOptions, "signal"> {
  return { signal: following?.signal };
}

function serversClient(
  call: (method: string, params?: object, options?: CallOptions) => Promise<unknown>,
): ServersApi {
  const status = (method: string) => async (server: string, reason: string) =>
    (await call(method, { server, reason })) as ServerStatus;
  const order = (method: string) => async (server: string, options: object) =>
    (await call(method, { server, ...options })) as ServerAnswer;
  return {
    serverStatus: async () => (await call("serverStatus")) as readonly ServerStatus[],
    serverCheck: async (server) =>
      (await call("serverCheck", { server }, { limitMs: serverCheckTimeoutMs })) as ServerCheck,
    serverEnable: status("serverEnable"),
    serverDisable: status("serverDisable"),
    serverSuspend: status("serverSuspend"),
    serverStop: status("serverStop"),
    serverResume: status("serverResume"),
    serverCancel: status("serverCancel"),
    failover: order("failover"),
    failoverTest: order("failoverTest"),
    failoverApprove: order("failoverApprove"),
    failback: order("failback"),
    replicate: order("replicate"),
  };
}

function openSocket(stateDirectory: string, timeoutMs: number): Promise<Socket> {
  const path = controlPathOrNone(stateDirectory);
  return new Promise((resolve, reject) => {
    const socket = connect(path.address);
    const timer = setTimeout(() => settle(timeout(timeoutMs)), timeoutMs);
    const settle = (error: UnderstudyError | null): void => {
      clearTimeout(timer);
      path.release();
      socket.off("error", failed);
      if (error === null) {
        resolve(socket);
        return;
      }
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const failed = (error: NodeJS.ErrnoException): void => settle(connectionError(error, stateDirectory));
    socket.once("error", failed);
    socket.once("connect", () => settle(null));
  });
}

/** A state directory without a run directory has no broker, whatever the length of its path. */
function controlPathOrNone(stateDirectory: string): ReturnType<typeof controlPath> {
  try {
    return controlPath(stateDirectory);
  } catch (cause) {
    throw notRunning(stateDirectory, cause);
  }
}

function timeout(timeoutMs: number): UnderstudyError {
  return new UnderstudyError(
    "CONTROL_TIMEOUT",
    `The broker did not accept a connection within ${timeoutMs} ms.`,
  );
}

function notRunning(stateDirectory: string, cause: unknown): UnderstudyError {
  return new UnderstudyError(
    "BROKER_NOT_RUNNING",
    `No broker is running on the state directory ${stateDirectory}. Start one with 'understudy run', or name its state directory with --state-dir.`,
    { cause },
  );
}

function connectionError(error: NodeJS.ErrnoException, stateDirectory: string): UnderstudyError {
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ECONNREFUSED":
      return notRunning(stateDirectory, error);
    case "EACCES":
    case "EPERM":
      return new UnderstudyError(
        "CONTROL_FORBIDDEN",
        `Only the user the broker runs as may control it (state directory ${stateDirectory}).`,
        { cause: error },
      );
    default:
      return new UnderstudyError(
        "CONTROL_CONNECTION_LOST",
        `Cannot connect to the broker: ${error.message}.`,
        {
          cause: error,
        },
      );
  }
}

function readError(value: unknown): UnderstudyError {
  const { code, message } = isObject(value) ? value : {};
  return new UnderstudyError(
    typeof code === "string" ? code : "INTERNAL",
    typeof message === "string" ? message : "The broker refused without saying why.",
  );
}
