import { isNativeBuilt, registerProxyStub, registerSimulator } from "../../../tools/native/programs.ts";
import { hasWine, WineMachine } from "../../../tools/native/wine.ts";

const setUpTimeoutMs = 240_000;

/** All native tests share one Windows machine; it is made by the first that needs it. */
const shared: { machine: Promise<WineMachine> | null } = { machine: null };

function whyNot(): string | null {
  if (process.env["UNDERSTUDY_NATIVE_TESTS"] !== "1") return "run by npm run test:native";
  if (!hasWine()) return "needs wine (Debian package wine)";
  return isNativeBuilt() ? null : "needs npm run build:native";
}

async function setUp(): Promise<WineMachine> {
  const machine = await WineMachine.create();
  await registerProxyStub(machine);
  for (const instance of [1, 2]) await registerSimulator(machine, { instance, items: 1000 });
  return machine;
}

/** A suite that needs Wine and the native programs; skipped, with the reason in its title, where they are not there. */
export function describeNative(title: string, tests: (machine: () => WineMachine) => void): void {
  const reason = whyNot();
  if (reason) {
    describe.skip(`${title} (${reason})`, () => {
      it("is not run");
    });
    return;
  }
  describe(title, () => {
    let machine: WineMachine | null = null;
    before(async function () {
      this.timeout(setUpTimeoutMs);
      shared.machine ??= setUp();
      machine = await shared.machine;
    });
    tests(() => {
      if (!machine) throw new Error("the machine is not up yet");
      return machine;
    });
  });
}

export async function endSharedMachine(): Promise<void> {
  const { machine } = shared;
  shared.machine = null;
  await (await machine)?.end();
}
