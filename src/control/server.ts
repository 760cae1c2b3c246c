import { chmodSync, type Stats, statSync, unlinkSync } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { UnderstudyError } from "../core/error.ts";
import type { Journal } from "../diagnostics/journal.ts";
import type { BrokerApi } from "./broker-api.ts";
import { connectControl } from "./client.ts";
import { serveConnection } from "./connection.ts";
import { type BrokerInfo, connectionLimit, parseObject } from "./protocol.ts";
import type { ServersApi } from "./servers-api.ts";
import { type ControlPath, controlPath, runDirectory, secureRunDirectory } from "./socket-path.ts";

export interface ControlServer {
  /** The socket file or the pipe's name. */
  readonly address: string;
  /** Ends all connections and removes the socket. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves the broker to programs of the same user. The socket stands in a directory of mode 0700 and has mode
 * 0600 itself; Node cannot ask the system who is at the other end, so these modes are the protection.
 * A socket left by a dead process is replaced.
 * Throws BROKER_ALREADY_RUNNING, CONTROL_DIRECTORY_UNSAFE, CONTROL_PATH_TOO_LONG, CONTROL_LISTEN_FAILED.
 */
export async function serveControl(options: {
  readonly api: BrokerApi;
  readonly servers?: ServersApi | undefined;
  readonly journal: Journal;
  readonly stateDirectory: string;
  readonly info: BrokerInfo;
  readonly onInternalError: (error: unknown) => void;
}): Promise<ControlServer> {
  const { stateDirectory, info } = options;
  secureRunDirectory(stateDirectory);
  const path = controlPath(stateDirectory);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serveConnection(socket, options);
  });
  server.maxConnections = connectionLimit;
  try {
    await listen(server, path, stateDirectory);
    if (path.file !== null) chmodSync(path.file, 0o600);
    await writeInfo(stateDirectory, info);
  } catch (error) {
    server.close();
    path.release();
    throw error;
  }
  // An error of a listening socket (out of descriptors) costs one connection, not the broker.
  server.on("error", options.onInternalError);

  let closing: Promise<void> | null = null;
  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    path.release();
    await rm(infoFile(stateDirectory), { force: true }).catch(() => undefined);
  }
  return {
    address: path.file ?? path.address,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Listens, taking over from a dead process but never from a living one. */
async function listen(server: Server, path: ControlPath, stateDirectory: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const error = await tryListen(server, path.address);
    if (error === null) return;
    if (error.code !== "EADDRINUSE") {
      throw new UnderstudyError("CONTROL_LISTEN_FAILED", `Cannot listen on ${path.file}: ${error.message}.`, {
        cause: error,
      });
    }
    const seen = path.file === null ? null : identify(path.file);
    if (!(await isStale(stateDirectory)) || path.file === null) throw await alreadyRunning(stateDirectory);
    // Only the very socket found dead is removed: another broker may have replaced it just now.
    const now = identify(path.file);
    if (seen !== null && now !== null && now.ino === seen.ino && now.ctimeMs === seen.ctimeMs) {
      unlinkSync(path.file);
    }
  }
  throw await alreadyRunning(stateDirectory);
}

function tryListen(server: Server, address: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off("listening", listening);
      resolve(error);
    };
    const listening = (): void => {
      server.off("error", failed);
      resolve(null);
    };
    server.once("error", failed);
    server.once("listening", listening);
    server.listen(address);
  });
}

function identify(file: string): Stats | null {
  return statSync(file, { throwIfNoEntry: false }) ?? null;
}

/** A process that accepts the connection lives, even if it is too busy to answer. */
async function isStale(stateDirectory: string): Promise<boolean> {
  try {
    const client = await connectControl(stateDirectory, { timeoutMs: 1000 });
    client.close();
    return false;
  } catch (error) {
    return error instanceof UnderstudyError && error.code === "BROKER_NOT_RUNNING";
  }
}

async function alreadyRunning(stateDirectory: string): Promise<UnderstudyError> {
  const info = await readInfo(stateDirectory);
  const who = info === null ? "" : ` (process ${info.pid}, project ${info.projectFile})`;
  return new UnderstudyError(
    "BROKER_ALREADY_RUNNING",
    `A broker is running on the state directory ${stateDirectory} already${who}. Stop it first, or give this one another --state-dir.`,
  );
}

function infoFile(stateDirectory: string): string {
  return join(runDirectory(stateDirectory), "broker.json");
}

async function writeInfo(stateDirectory: string, info: BrokerInfo): Promise<void> {
  const file = infoFile(stateDirectory);
  const temporary = `${file}.${info.pid}.tmp`;
  await mkdir(runDirectory(stateDirectory), { recursive: true, mode: 0o700 });
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(info)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** Who said to be running last on this state directory; for messages, as it may be dead. */
async function readInfo(stateDirectory: string): Promise<Pick<BrokerInfo, "pid" | "projectFile"> | null> {
  const text = await readFile(infoFile(stateDirectory), "utf8").catch(() => "");
  const { pid, projectFile } = parseObject(text) ?? {};
  return typeof pid === "number" && typeof projectFile === "string" ? { pid, projectFile } : null;
}
