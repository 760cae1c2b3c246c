import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { packagedPrograms } from "../../tools/native/package-windows.ts";
import { nativeFile, nativeFiles, startTestClient } from "../../tools/native/programs.ts";
import { machineOf } from "./support/portable-executable.ts";
import { describeProxy, eventually, name, ok, values } from "./support/proxy-rig.ts";

const machines = Object.freeze({ x64: 0x8664, x86: 0x14c });
const dll = "understudy-da-proxy.dll";
const isX86Built = existsSync(nativeFile(dll, "x86"));

describeProxy("Programs of 64 and of 32 bit", (rig) => {
  for (const architecture of ["x64", "x86"] as const) {
    it(`are what their folder says (${architecture})`, function () {
      if (architecture === "x86" && !isX86Built) this.skip();
      for (const path of packagedPrograms(architecture)) {
        const { machine, exports } = machineOf(readFileSync(nativeFile(path.slice(4), architecture)));
        assert.equal(machine, machines[architecture], path);
        // COM asks for these very names, without what 32-bit compilers add to them.
        if (path.endsWith(dll)) assert.deepEqual(exports, ["DllCanUnloadNow", "DllGetClassObject"]);
      }
    });
  }

  /** Whether this Wine runs programs of 32 bit (Debian: wine32 of i386). */
  const runs32Bit = () => {
    if (!isX86Built) return false;
    const program = nativeFile("understudy-hook.exe", "x86");
    try {
      const options = { env: rig.machine().environment, timeout: 30_000, encoding: "utf8" } as const;
      return execFileSync("wine", [program, "pipe-sddl"], options).startsWith("ok");
    } catch {
      return false;
    }
  };

  for (const way of ["inproc", "local", "exe"] as const) {
    it(`serve a client of 32 bit that comes by ${way}`, async function () {
      if (!runs32Bit()) this.skip();
      // What carries OPC calls across processes; of a Windows machine the OPC Core Components bring both.
      const proxyStub = nativeFile(nativeFiles.proxyStub, "x86");
      if (way === "exe") await rig.machine().run("C:\\windows\\syswow64\\regsvr32.exe", "/s", proxyStub);
      const client = await startTestClient(rig.machine(), { architecture: "x86" });
      try {
        await rig.connect(way, client);
        const expected = way === "exe" ? "understudy-da-proxy.exe" : nativeFiles.testClient;
        assert.equal(rig.broker.programs().at(-1), expected);
        const wanted = { command: "subscribe", items: 1000, rateMs: 50, periodMs: 50 };
        assert.equal((await client.command(wanted))["added"], 1000);
        const stats = await eventually(client, (each) => values(each) >= 5000);
        assert.deepEqual([stats["lost"], stats["duplicated"], stats["notGood"]], [0, 0, 0]);
        for (const source of ["cache", "device"]) {
          const read = await client.command({ command: "read", source, items: 1000 });
          assert.deepEqual([read["result"], read["type"], read["quality"]], [ok, 5, 192]);
        }
      } finally {
        await client.kill();
      }
    });
  }

  for (const way of ["inproc", "local"] as const) {
    it(`stand a careless client of 32 bit (${way})`, async function () {
      if (!runs32Bit()) this.skip();
      const words = way === "local" ? [name, way] : [name];
      assert.match(
        await rig.machine().run(nativeFile("understudy-da-proxytest.exe", "x86"), ...words),
        /^all is well/,
      );
    });
  }
});
