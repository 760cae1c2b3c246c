import { UnderstudyError } from "../core/error.ts";

// What all that runs programs of the system has in common.

/** The Debian package of each program that is used. */
const packages: Readonly<Record<string, string>> = {
  ip: "iproute2",
  arping: "iputils-arping",
  dig: "bind9-dnsutils",
  flock: "util-linux",
  nsupdate: "bind9-dnsutils",
  perl: "perl-base",
  pg_dump: "postgresql-client",
  pg_restore: "postgresql-client",
  rsync: "rsync",
  setpriv: "util-linux",
  ssh: "openssh-client",
  systemctl: "systemd",
  sh: "dash",
};

/** One clear error for a program that is not there. */
export function missing(program: string, cause: unknown): UnderstudyError {
  const from = packages[program];
  const where = from === undefined ? "" : `; on Debian it is in the package ${from}`;
  const detail = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "" : ` (${String(cause)})`;
  const text = `The program ${program} cannot be started${detail}${where}.`;
  return new UnderstudyError("PROGRAM_MISSING", text, { cause });
}

/** Sends a signal to a process group; that it has ended is no error. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** What a program said, on one line. */
export function onOneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, "; ");
}
