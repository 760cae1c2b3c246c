import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { SshPlace } from "../../../../src/servers/replication/files/settings.ts";
import { freePort } from "../../../../tools/bench/free-port.ts";

const program = "/usr/sbin/sshd";
const startTimeoutMs = 15_000;

/** What of the tests' needs is not on this machine; null = nothing. */
export function missingForFiles(): string | null {
  const needed = [program, "/usr/bin/rsync", "/usr/bin/ssh", "/usr/bin/ssh-keygen"];
  const missing = needed.filter((path) => !existsSync(path));
  return missing.length === 0 ? null : `${missing.join(", ")} missing`;
}

/** An SSH server of the test's own on a loopback port, with keys of its own. */
export class TestSshd {
  readonly place: SshPlace;
  readonly folder: string;
  readonly #config: string;
  #child: ChildProcess | null = null;

  private constructor(folder: string, config: string, place: SshPlace) {
    this.folder = folder;
    this.#config = config;
    this.place = place;
  }

  /** `settings`: more lines for sshd_config. */
  static async start(settings: readonly string[] = []): Promise<TestSshd> {
    const folder = mkdtempSync(join(tmpdir(), "understudy-sshd-"));
    const key = (name: string): string => {
      const path = join(folder, name);
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
      return path;
    };
    const hostKey = key("host");
    const identityFile = key("client");
    const port = await freePort();
    const publicHostKey = execFileSync("cat", [`${hostKey}.pub`], { encoding: "utf8" });
    writeFileSync(join(folder, "known"), `[127.0.0.1]:${port} ${publicHostKey}`);
    const config = join(folder, "sshd_config");
    writeFileSync(
      config,
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${hostKey}`,
        `AuthorizedKeysFile ${identityFile}.pub`,
        ...["StrictModes no", "UsePAM no", "PidFile none", "PermitRootLogin yes", "MaxStartups 100"],
        ...settings,
        "",
      ].join("\n"),
    );
    // sshd as root refuses to start without its privilege separation folder
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const sshd = new TestSshd(folder, config, {
      host: "127.0.0.1",
      port,
      user: userInfo().username,
      identityFile,
      knownHostsFile: join(folder, "known"),
    });
    await sshd.up();
    return sshd;
  }

  /** Starts the server (again) on the same port. */
  async up(): Promise<void> {
    const child = spawn(program, ["-D", "-e", "-f", this.#config], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const deadline = performance.now() + startTimeoutMs;
    while (!(await accepts(this.place.port))) {
      if (child.exitCode !== null || performance.now() > deadline)
        throw new Error(`sshd did not start: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends the server and all connections to it. */
  async down(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, "exit");
    const sessions = childrenOf(child.pid);
    child.kill("SIGTERM");
    await ended;
    for (const pid of sessions) {
      try {
        process.kill(pid, "SIGTERM");
      } catch {
        // it has ended
      }
    }
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function childrenOf(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}
