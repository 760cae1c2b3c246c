import { endSharedMachine } from "./machine.ts";

// Loaded by the native suite alone: the same files are skipped in the main one.
process.env["UNDERSTUDY_NATIVE_TESTS"] = "1";

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await endSharedMachine();
  },
};
