import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

// Loaded before a command: ends the process with SIGKILL before the step of that number that changes the disk.

const { TEST_KILL_AT: killAt } = process.env;
const changing = ["mkdir", "open", "link", "rename", "rm", "unlink", "copyFile"] as const;
let step = 0;

function counted(original: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  return (...args) => {
    step += 1;
    if (step === Number(killAt)) {
      process.kill(process.pid, "SIGKILL");
      // The signal comes at once, but nothing says that no line runs before it.
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
    return original(...args);
  };
}

const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
for (const name of changing) {
  const original = functions[name];
  if (original !== undefined) functions[name] = counted(original.bind(fs));
}
syncBuiltinESMExports();
