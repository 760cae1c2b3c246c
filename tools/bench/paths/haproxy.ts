import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../free-port.ts";
import type { OpenPath, PathSettings, Servers } from "./path.ts";

const candidates = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"];
const startTimeoutMs = 10_000;

/** Null where HAProxy is not installed. */
export function haproxyProgram(): string | null {
  return candidates.find((file) => existsSync(file)) ?? null;
}

/**
 * HAProxy in TCP mode with a primary and a backup server. Its check speaks enough OPC UA to notice a
 * server that hangs: Hello, and Acknowledge back. Sessions of a failed server are cut, so that the client
 * learns of it at once.
 */
export const openHaproxy: OpenPath = async (servers, settings) => {
  const program = haproxyProgram();
  if (program === null) throw new Error("haproxy is not installed");
  const directory = mkdtempSync(join(tmpdir(), "understudy-bench-haproxy-"));
  const port = await freePort();
  const file = join(directory, "haproxy.cfg");
  writeFileSync(file, configuration(port, servers, settings));
  const child = spawn(program, ["-db", "-f", file], { stdio: "ignore" });
  let hasEnded = false;
  const exited = once(child, "exit").then(() => {
    hasEnded = true;
  });
  const stop = async () => {
    if (!hasEnded) child.kill("SIGKILL");
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await accepts(port, () => hasEnded);
  } catch (error) {
    await stop();
    throw error;
  }
  const settled = () => delay(4 * settings.queryIntervalMs + settings.queryTimeoutMs);
  return { endpointUrl: `opc.tcp://127.0.0.1:${port}`, pid: child.pid ?? null, ready: settled, stop };
};

function configuration(port: number, servers: Servers, settings: PathSettings): string {
  const check = `check inter ${settings.queryIntervalMs}ms fastinter ${settings.queryIntervalMs}ms fall 1 rise 1`;
  const onDown = "on-marked-down shutdown-sessions";
  return `defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check ${settings.queryTimeoutMs}ms
  retries 0
listen opcua
  bind 127.0.0.1:${port}
  option tcp-check
  tcp-check connect
  tcp-check send-binary ${helloMessage().toString("hex")}
  tcp-check expect string ACK
  server primary 127.0.0.1:${servers.primary.port} ${check} ${onDown}
  server secondary 127.0.0.1:${servers.secondary.port} ${check} ${onDown} backup
`;
}

/** Part 6, 7.1.2.3. */
function helloMessage(): Buffer {
  const url = Buffer.from("opc.tcp://localhost");
  const message = Buffer.alloc(32 + url.length);
  message.write("HELF", 0, "latin1");
  message.writeUInt32LE(message.length, 4);
  message.writeUInt32LE(65_536, 12);
  message.writeUInt32LE(65_536, 16);
  message.writeInt32LE(url.length, 28);
  url.copy(message, 32);
  return message;
}

async function accepts(port: number, hasEnded: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (performance.now() < deadlineMs && !hasEnded()) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await delay(20);
  }
  throw new Error("haproxy does not accept connections");
}
