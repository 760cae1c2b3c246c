import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { DeepPartial } from "../../src/project/pairs.ts";
import type { ServerSettings } from "../../src/project/server.ts";
import { addresses, Lab, whyNoLab } from "./support/lab.ts";
import { answersOf, type NameServer, startNameServer, zone } from "./support/name-server.ts";
import { runPlan } from "./support/plan-process.ts";
import { askFromClient, dnsSettings, Plant } from "./support/plant.ts";
import { startSshServer } from "./support/ssh-server.ts";

const execute = promisify(execFile);
const { live, standin } = addresses;
const own = [standin.ipv4, standin.ipv6];
const name = `server.${zone}`;

describe("a takeover with faults", function () {
  this.timeout(120_000);
  let lab: Lab;
  let names: NameServer;
  let ssh: readonly string[];
  let count = 0;

  before(async function () {
    const reason = await whyNoLab();
    if (reason !== null) {
      process.stderr.write(`skipped: a takeover with faults (${reason})\n`);
      this.skip();
    }
    lab = await Lab.create();
    names = await startNameServer(lab);
    ssh = await startSshServer(lab);
  });

  after(async () => {
    await lab?.remove();
  });

  afterEach(async () => {
    if (lab === undefined) return;
    await lab.cable("live", "up");
    await lab.endProcesses("standin");
  });

  function newPlant(): Promise<Plant> {
    count += 1;
    return Plant.create(lab.directory, `plant-${count}`);
  }

  const takeOver = (plant: Plant, server: ServerSettings) =>
    runPlan(lab, { server, directory: plant.directory, what: "takeover" });

  /** That all is as it was before the takeover. */
  async function assertUntouched(): Promise<void> {
    assert.deepEqual(await lab.addressesOf("standin"), own);
    assert.deepEqual(await answersOf(lab, name, "A"), [`300 ${live.ipv4}`]);
    assert.deepEqual(await answersOf(lab, name, "AAAA"), [`300 ${live.ipv6}`]);
    assert.equal(await askFromClient(lab, standin.ipv4, 2000), null, "the service does not run");
  }

  const rollBack: DeepPartial<ServerSettings> = { failover: { onStepFailure: "rollBack" } };

  it("takes no address that the live server still answers for, and rolls back", async () => {
    const plant = await newPlant();
    const { result } = await takeOver(plant, plant.server(names.keyFile, rollBack));
    assert.equal(result?.outcome, "rolledBack");
    assert.match(
      result?.detail ?? "",
      /^addresses: In use on the network: 10\.77\.0\.10\/24 on eth0 \(answered by [0-9a-f:]{17}\), fd77::10\/64 on eth0 \(answered by [0-9a-f:]{17}\)\./,
    );
    assert.deepEqual(await plant.calls(), ["source", "fence", "pre"]);
    await assertUntouched();
  });

  it("stops there instead where the project says so, and a failback clears up", async () => {
    const plant = await newPlant();
    const server = plant.server(names.keyFile, { failover: { onStepFailure: "stop" } });
    const { result } = await takeOver(plant, server);
    assert.equal(result?.outcome, "stopped");
    assert.match(
      result?.detail ?? "",
      /done: .*fence.*; perhaps done in part: addresses; not done: dns, service web/,
    );
    const { standing } = await runPlan(lab, { server, directory: plant.directory, what: "standing" });
    assert.equal(standing?.kind, "partly");
    const back = await runPlan(lab, { server, directory: plant.directory, what: "failback" });
    assert.equal(back.result?.outcome, "done", back.result?.detail);
    await assertUntouched();
  });

  it("goes on where it stopped once the obstacle is gone", async () => {
    const plant = await newPlant();
    const server = plant.server(names.keyFile, { failover: { onStepFailure: "stop" } });
    assert.equal((await takeOver(plant, server)).result?.outcome, "stopped");
    await lab.cable("live", "down");
    const again = await takeOver(plant, server);
    assert.equal(again.result?.outcome, "done", again.result?.detail);
    assert.deepEqual(await plant.calls(), ["source", "fence", "pre", "start", "post"]);
    assert.equal(await askFromClient(lab, live.ipv4, 20_000), "stand-in");
    const back = await runPlan(lab, { server, directory: plant.directory, what: "failback" });
    assert.equal(back.result?.outcome, "done", back.result?.detail);
    await assertUntouched();
  });

  it("asks a live server whose service hangs to stop over SSH, then stands in for it", async () => {
    const plant = await newPlant();
    const down = "ip address delete 10.77.0.10/24 dev eth0; ip address delete fd77::10/64 dev eth0";
    const stopSource = { program: "/usr/bin/ssh", arguments: [...ssh, down], timeout: 30_000 };
    const service = (await plant.startLive(lab)) as { readonly pid: number; kill(signal: string): void };
    service.kill("SIGSTOP");
    assert.equal(await askFromClient(lab, live.ipv4, 1500), null, "it hangs");
    const server = plant.server(names.keyFile, { takeover: { stopSource } });
    const { result } = await takeOver(plant, server);
    service.kill("SIGKILL");
    assert.equal(result?.outcome, "done", result?.detail);
    assert.equal(await askFromClient(lab, live.ipv4, 20_000), "stand-in");
    const back = await runPlan(lab, { server, directory: plant.directory, what: "failback" });
    assert.equal(back.result?.outcome, "done", back.result?.detail);
    await lab.must("live", "ip", "address", "add", "10.77.0.10/24", "dev", "eth0");
    await lab.must("live", "ip", "address", "add", "fd77::10/64", "dev", "eth0", "nodad");
    await assertUntouched();
  });

  it("goes on although the live server cannot be asked, but not without the fence", async () => {
    const plant = await newPlant();
    await plant.script("source", "echo no route >&2; exit 255");
    await plant.script("fence", "echo the switch does not answer; exit 1");
    const { result } = await takeOver(plant, plant.server(names.keyFile, rollBack));
    assert.equal(result?.outcome, "rolledBack");
    assert.match(
      result?.detail ?? "",
      /^fence: .*fence ended with status 1; it wrote: the switch does not answer/,
    );
    const source = result?.steps.find((step) => step.name === "stop live server");
    assert.match(source?.detail ?? "", /undone|undo|no route/);
    await assertUntouched();
  });

  it("stands in for a host whose packets are all lost", async () => {
    const plant = await newPlant();
    const rules =
      "table inet deaf { chain in { type filter hook input priority 0; policy drop; }; }; table arp deaf { chain in { type filter hook input priority 0; policy drop; }; }";
    await lab.must("live", "nft", rules);
    const server = plant.server(names.keyFile);
    const { result } = await takeOver(plant, server);
    assert.equal(result?.outcome, "done", result?.detail);
    const back = await runPlan(lab, { server, directory: plant.directory, what: "failback" });
    assert.equal(back.result?.outcome, "done", back.result?.detail);
    await lab.must("live", "nft", "flush ruleset");
    await assertUntouched();
  });

  const faults: readonly (readonly [
    string,
    (plant: Plant) => Promise<DeepPartial<ServerSettings["takeover"]>>,
    RegExp,
  ])[] = [
    [
      "the TSIG secret is wrong",
      async () => ({ dns: dnsSettings(names.wrongSecretFile) }),
      /^dns: .*the name server does not accept this TSIG key/,
    ],
    [
      "the TSIG key is unknown",
      async () => ({ dns: dnsSettings(names.unknownKeyFile) }),
      /^dns: .* at 10\.77\.0\.53 port 53: the name server does not accept this TSIG key/,
    ],
    [
      "the key file is missing",
      async () => ({ dns: dnsSettings("no-such.key") }),
      /^dns: .*the key file cannot be read/,
    ],
    [
      "the name server refuses the update",
      async () => ({ dns: { ...dnsSettings(names.keyFile), keyFile: null } }),
      /^dns: .*the name server refuses the update/,
    ],
    [
      "the name server does not answer",
      async () => ({ dns: { ...dnsSettings(names.keyFile), server: "10.77.0.99", timeout: 1000 } }),
      /^dns: .*the name server does not answer/,
    ],
    [
      "somebody else has changed a name",
      async () => {
        const dns = dnsSettings(names.keyFile);
        return {
          dns: {
            ...dns,
            records: dns.records.map((each) => ({
              ...each,
              live: each.type === "A" ? "10.77.0.66" : each.live,
            })),
          },
        };
      },
      /^dns: A of server\.plant\.test is 10\.77\.0\.10, expected 10\.77\.0\.66/,
    ],
    [
      "a script fails",
      async (plant) => ({ postScript: await plant.script("post", "echo no licence; exit 7") }),
      /^post-script: .*post ended with status 7; it wrote: no licence/,
    ],
    [
      "a script is missing",
      async () => ({ preScript: { program: "/no/such/script", arguments: [], timeout: 1000 } }),
      /^pre-script: \/no\/such\/script is no program that can be run here/,
    ],
    [
      "an interface is missing",
      async () => ({ addresses: [{ address: "10.77.0.10/24", interface: "eth7" }] }),
      /^addresses: There is no interface eth7/,
    ],
    [
      "a unit is to be started where systemd does not run",
      async () => ({ services: [{ name: "web", unit: "web.service" }] }),
      /^service web: .*systemd does not run on this machine/,
    ],
    [
      "a service does not answer",
      async (plant) => ({
        services: [
          {
            name: "deaf",
            start: await plant.script("start-deaf", ":"),
            stop: await plant.script("stop-deaf", ":"),
            readiness: { kind: "tcp", port: 9 },
            timeout: 500,
          },
        ],
      }),
      /^service deaf: deaf was started and did not answer within 500 ms \(connect ECONNREFUSED 127\.0\.0\.1:9\)/,
    ],
  ];

  for (const [what, change, expected] of faults) {
    it(`rolls back where ${what}, and says so`, async () => {
      const plant = await newPlant();
      await lab.cable("live", "down");
      const takeover = await change(plant);
      const { result } = await takeOver(plant, plant.server(names.keyFile, { ...rollBack, takeover }));
      assert.match(result?.detail ?? "", expected);
      assert.equal(result?.outcome, "rolledBack");
      await assertUntouched();
    });
  }

  it("ends a script that hangs, with all it started, and rolls back", async () => {
    const plant = await newPlant();
    await lab.cable("live", "down");
    const pid = plant.path("child.pid");
    const preScript = await plant.script(
      "pre",
      `trap '' TERM\n(trap '' TERM; echo $$ >/dev/null; exec sleep 1000) &\necho $! >${pid}\nwhile :; do sleep 1; done`,
      1000,
    );
    const { result } = await takeOver(
      plant,
      plant.server(names.keyFile, { ...rollBack, takeover: { preScript } }),
    );
    assert.match(
      result?.detail ?? "",
      /^pre-script: .*pre did not end within 1000 ms; it and all it started were killed/,
    );
    const child = (await readFile(pid, "utf8")).trim();
    const stat = await readFile(`/proc/${child}/stat`, "utf8").catch(() => "gone");
    // Where nobody reaps it, what was killed stays as a zombie.
    assert.match(stat, /^gone$|\) Z /);
    await assertUntouched();
  });

  it("stands in although the disk is full", async () => {
    const plant = await newPlant();
    const state = plant.path("state");
    await mkdir(state);
    await execute("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", state]);
    try {
      await lab.cable("live", "down");
      const server = plant.server(names.keyFile);
      // The host asks at its start; room for the journal is kept from then on.
      await runPlan(lab, { server, directory: plant.directory, what: "standing" });
      await writeFile(`${state}/filler`, Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
      const { result } = await takeOver(plant, server);
      assert.equal(result?.outcome, "done", result?.detail);
      const { standing } = await runPlan(lab, { server, directory: plant.directory, what: "standing" });
      assert.deepEqual(standing, { kind: "standingIn" });
      const back = await runPlan(lab, { server, directory: plant.directory, what: "failback" });
      assert.equal(back.result?.outcome, "done", back.result?.detail);
    } finally {
      await execute("umount", [state]);
    }
    await assertUntouched();
  });

  it("begins nothing that it cannot journal", async () => {
    const plant = await newPlant();
    // A file where the directory should be.
    await writeFile(plant.path("state"), "");
    const { result } = await takeOver(plant, plant.server(names.keyFile)).catch((error: unknown) => {
      assert.match(String(error), /TAKEOVER_JOURNAL_UNUSABLE/);
      return { result: null };
    });
    assert.equal(result, null);
    assert.deepEqual(await plant.calls(), []);
    await assertUntouched();
  });

  it("is cancelled between two steps, and what was done stands until it is given back", async () => {
    const plant = await newPlant();
    await lab.cable("live", "down");
    const server = plant.server(names.keyFile);
    const { result } = await runPlan(lab, {
      server,
      directory: plant.directory,
      what: "takeover",
      cancelAt: "addresses",
    });
    assert.equal(result?.outcome, "cancelled");
    assert.match(result?.detail ?? "", /not done: dns, service web, post-script/);
    assert.ok((await lab.addressesOf("standin")).includes(live.ipv4));
    const back = await runPlan(lab, { server, directory: plant.directory, what: "failback" });
    assert.equal(back.result?.outcome, "done", back.result?.detail);
    await assertUntouched();
  });

  it("takes its role again where the live server does not answer after a failback", async () => {
    const plant = await newPlant();
    await lab.cable("live", "down");
    const server = plant.server(names.keyFile, {
      ...rollBack,
      pingInterval: 50,
      failover: { onStepFailure: "rollBack", failAfterStartup: 1 },
    });
    assert.equal((await takeOver(plant, server)).result?.outcome, "done");
    const options = { server, directory: plant.directory, what: "failback", liveAnswers: false } as const;
    const { result } = await runPlan(lab, options);
    assert.equal(result?.outcome, "rolledBack");
    assert.match(result?.detail ?? "", /^live server: The live server 10\.77\.0\.10 did not answer/);
    assert.equal(await askFromClient(lab, live.ipv4, 20_000), "stand-in");
    const { standing } = await runPlan(lab, { server, directory: plant.directory, what: "standing" });
    assert.deepEqual(standing, { kind: "standingIn" });
    const back = await runPlan(lab, { server, directory: plant.directory, what: "failback" });
    assert.equal(back.result?.outcome, "done", back.result?.detail);
    await assertUntouched();
  });
});
