import { once } from "node:events";
import { homedir, userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import type { Surroundings } from "./paths.ts";

/** The process a command runs in. */
export interface Terminal extends Surroundings {
  /** Writes to standard output and waits where the reader is slower. */
  print(text: string): Promise<void>;
  /** From now on the process goes on when the reader of its standard output has gone. */
  outliveReader(): void;
  /** Writes to standard error. */
  complain(text: string): void;
  /** Asks whoever sits before it; left out where nobody does (a script, a service). */
  ask?(question: string): Promise<string>;
  readonly errorIsTty: boolean;
  readonly userName: string;
}

/** This process. */
export function processTerminal(): Terminal {
  // A reader that has gone (`... | head`) ends the command; a lost standard error must not end the broker.
  let needsReader = true;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" && needsReader) process.exit();
  });
  process.stderr.on("error", () => undefined);
  return {
    environment: process.env,
    workingDirectory: process.cwd(),
    home: homedir(),
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    errorIsTty: process.stderr.isTTY === true,
    userName: nameOfUser(),
    async print(text) {
      if (!process.stdout.write(text)) await once(process.stdout, "drain").catch(() => undefined);
    },
    outliveReader() {
      needsReader = false;
    },
    ...(process.stdin.isTTY === true && process.stderr.isTTY === true ? { ask } : {}),
    complain(text) {
      process.stderr.write(text);
    },
  };
}

/** On standard error: standard output holds what was asked for, and may go elsewhere. */
async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in some containers.
    return "unknown user";
  }
}
