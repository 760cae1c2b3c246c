import assert from "node:assert/strict";
import { guardPipe, pipeClientsOf } from "../../src/opc/da/gateway/pipe-access.ts";
import { JsonProcess } from "../../tools/native/json-process.ts";
import { nativeFile } from "../../tools/native/programs.ts";
import { describeNative } from "./support/machine.ts";

const clientRights = "0x12018b";

describeNative("The access list of the broker's pipe", (machine) => {
  const hook = () => ({
    command: "wine",
    arguments: [nativeFile("understudy-hook.exe")],
    environment: machine().environment,
  });
  const sddlFor = async (...clients: string[]) => {
    const output = await machine().run(nativeFile("understudy-hook.exe"), "pipe-sddl", ...clients);
    return output.trim().split("\t")[1] ?? "";
  };

  it("refuses the network first and lets in the system, administrators, the broker's user and people here", async () => {
    const sddl = await sddlFor();
    const user = /^D:P\(D;;GA;;;NU\)\(A;;GA;;;(S-1-5-21-[\d-]+)\)/.exec(sddl)?.[1];
    assert.ok(user, sddl);
    const people = `(A;;${clientRights};;;S-1-5-4)`;
    assert.equal(sddl, `D:P(D;;GA;;;NU)(A;;GA;;;${user})(A;;GA;;;SY)(A;;GA;;;BA)${people}`);
  });

  it("lets in the groups that are named instead, by SID or by name", async () => {
    const sddl = await sddlFor("S-1-5-6", "Users");
    assert.deepEqual(sddl.match(/\(A;;0x[^)]*\)/g), [
      `(A;;${clientRights};;;S-1-5-6)`,
      `(A;;${clientRights};;;S-1-5-32-545)`,
    ]);
  });

  it("gives clients no right to make an end of the pipe themselves", () => {
    const createPipeInstance = 0x4;
    assert.equal(Number(clientRights) & createPipeInstance, 0);
  });

  it("is set on a pipe that is there, whose owner may make further ends of it and whose clients may connect", async () => {
    const name = `understudy-test-${process.pid}`;
    const program = machine().start(nativeFile("understudy-da-proxytest.exe"), "--pipe", name);
    const server = new JsonProcess(program);
    try {
      await server.event("ready");
      const sddl = await guardPipe(hook(), name, []);
      program.stdin?.write("look\n");
      const seen = await server.event("access");
      assert.deepEqual([seen["another"], seen["client"]], [true, true]);
      const entries = (text: unknown) => (String(text).match(/\(([AD]);;/g) ?? []).join("");
      assert.equal(entries(seen["sddl"]), entries(sddl));
      assert.match(String(seen["sddl"]), /\(A;;0x12018b;;;(IU|S-1-5-4)\)/i);
    } finally {
      await server.kill();
    }
  });

  it("is not set where the pipe is not there or a group is unknown", async () => {
    await assert.rejects(guardPipe(hook(), "understudy-nobody", []), { code: "DA_PIPE_ACCESS" });
    await assert.rejects(guardPipe(hook(), "understudy-nobody", ["No such group"]), /No such group/);
  });

  it("takes the groups from a list", () => {
    assert.deepEqual(pipeClientsOf(" OPC users; S-1-5-6 ;"), ["OPC users", "S-1-5-6"]);
    assert.deepEqual(pipeClientsOf(undefined), []);
  });
});
