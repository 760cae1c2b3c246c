import { spawn } from "node:child_process";
import { sshOptions } from "./rsync-arguments.ts";
import type { FileReplicationSettings } from "./settings.ts";

/** `absent`: the live server has no inotifywait; the periodic scan alone finds changes. */
export type WatchState = "off" | "starting" | "on" | "absent" | "broken";

/** Pause before a watch that broke is tried again, in ms. */
const retryMs = 10_000;

/**
 * Hints that something below the base directory of the live server has changed. No more than hints: every
 * watcher loses events in a burst, so the periodic scan is what can be relied on.
 */
export class SourceWatch {
  readonly #settings: FileReplicationSettings;
  readonly #onHint: () => void;
  #end: (() => void) | null = null;
  #retry: NodeJS.Timeout | undefined;
  #state: WatchState = "off";

  constructor(settings: FileReplicationSettings, onHint: () => void) {
    this.#settings = settings;
    this.#onHint = onHint;
  }

  get state(): WatchState {
    return this.#state;
  }

  start(): void {
    if (this.#end) return;
    this.#state = "starting";
    const [program, ...args] = watchCommand(this.#settings);
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C" },
    });
    let ended = false;
    const gone = (state: WatchState): void => {
      if (ended) return;
      ended = true;
      this.#end = null;
      this.#state = state;
      if (state === "broken") this.#retry = setTimeout(() => this.start(), retryMs).unref();
    };
    // with a terminal at the other end (-tt) both come as one
    const said = (text: string): void => {
      if (text.includes("Watches established")) this.#state = "on";
      if (/^x\s*$/m.test(text)) this.#onHint();
    };
    child.stderr.setEncoding("utf8").on("data", said);
    child.stdout.setEncoding("utf8").on("data", said);
    child.once("error", () => gone("absent"));
    child.once("close", (code) => gone(code === 127 ? "absent" : "broken"));
    this.#end = () => {
      gone("off");
      child.kill("SIGTERM");
    };
  }

  stop(): void {
    clearTimeout(this.#retry);
    this.#end?.();
    this.#state = "off";
  }
}

/** A terminal (-tt) ends the remote command with the connection, so that it does not stay behind. */
function watchCommand({ ssh, source }: FileReplicationSettings): [string, ...string[]] {
  const watch = [
    ...["inotifywait", "--monitor", "--recursive", "--format", "x"],
    ...["--event", "close_write,create,delete,move,attrib", "--exclude", "/\\.understudy(-partial)?/"],
  ];
  if (ssh === null) return [watch[0] as string, ...watch.slice(1), source];
  const command = [...watch, source].map(shellWord).join(" ");
  return ["ssh", ...sshOptions(ssh), "-tt", "-l", ssh.user, ssh.host, `exec ${command}`];
}

function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
