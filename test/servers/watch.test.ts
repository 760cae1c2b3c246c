import assert from "node:assert/strict";
import type { NewServer } from "../../src/project/servers.ts";
import { Stage } from "../../src/servers/watch/stage.ts";
import { ManualClock } from "../opc/fixtures/hosted-pair.ts";
import { PlayedRunner, type PlayedWatch, pass, playedWatch, settle } from "./support/played-watch.ts";

const files: NewServer = { name: "files", address: "192.0.2.10" };
const once = (kinds: readonly string[], kind: string): number => kinds.filter((each) => each === kind).length;

async function watching(
  server: NewServer = files,
  ...more: Parameters<typeof playedWatch>[1][]
): Promise<PlayedWatch> {
  const played = playedWatch(server, more[0]);
  await played.watch.start("test");
  await settle();
  return played;
}

describe("the watch over a protected server", () => {
  it("says ok once the server answers, and keeps everything replicated", async () => {
    const { watch, files: tree, database } = await watching();
    await settle();
    const { condition, role, missed, limit, timeToFailMs } = watch.status();
    assert.deepEqual([condition, role, missed, limit], ["ok", "live", 0, 15]);
    assert.equal(timeToFailMs, 2000 + 14 * 2000 + 1000);
    assert.deepEqual([tree.running, database.running], [true, true]);
  });

  it("takes over after fifteen missed rounds, warns after five, and counts the time to fail down", async () => {
    const { watch, clock, says, kinds, runner } = await watching();
    says("failed");
    await pass(clock, 2000);
    const first = watch.status();
    assert.deepEqual([first.condition, first.missed], ["suspect", 1]);
    await pass(clock, 4 * 2000);
    assert.ok(kinds().includes("serverSuspect"));
    const fifth = watch.status();
    assert.equal(fifth.missed, 5);
    assert.ok((fifth.timeToFailMs ?? 0) < (first.timeToFailMs ?? 0));
    await pass(clock, 9 * 2000);
    assert.deepEqual([watch.status().missed, runner.runs.length], [14, 0]);
    await pass(clock, 2000);
    assert.deepEqual(
      runner.runs.map(({ kind }) => kind),
      ["takeover"],
    );
    assert.deepEqual([watch.status().condition, watch.role], ["failure", "takingOver"]);
    await runner.last.end("done", "standingIn");
    assert.equal(watch.role, "standIn");
    assert.deepEqual(
      kinds().filter((kind) => /Suspect|Failed|takeover/.test(kind)),
      ["serverSuspect", "serverFailed", "takeoverStarted", "takeoverDone"],
    );
  });

  it("waits for thirty rounds after start-up", async () => {
    const played = playedWatch(files);
    played.says("failed");
    await played.watch.start("test");
    await pass(played.clock, 29 * 2000 - 100, 1000);
    assert.deepEqual([played.watch.status().missed, played.runner.runs.length], [29, 0]);
    await pass(played.clock, 2000);
    assert.equal(played.runner.runs.length, 1);
  });

  it("takes a takeover that lasts minutes for what it is", async () => {
    const { watch, clock, says, runner } = await watching();
    says("failed");
    await pass(clock, 15 * 2000, 1000);
    await pass(clock, 20 * 60_000, 60_000);
    assert.equal(watch.role, "takingOver");
    await runner.last.end("done", "standingIn");
    await pass(clock, 60_000, 10_000);
    assert.deepEqual([watch.role, runner.runs.length], ["standIn", 1]);
  });

  it("fails nobody over while it is cut off itself, and goes on counting afterwards", async () => {
    const { watch, clock, says, runner, kinds } = await watching();
    says("failed");
    await pass(clock, 3 * 2000);
    says("cutOff");
    await pass(clock, 100 * 2000, 1000);
    const status = watch.status();
    assert.deepEqual([status.cutOff, status.missed, status.timeToFailMs], [true, 3, null]);
    assert.equal(runner.runs.length, 0);
    says("well");
    await pass(clock, 4 * 2000);
    assert.deepEqual([watch.status().condition, once(kinds(), "serverCutOff")], ["ok", 1]);
    assert.equal(once(kinds(), "serverReachableAgain"), 1);
  });

  it("waits for approval where the project asks for it, and forgets it when the server is back", async () => {
    const { watch, clock, says, runner, kinds } = await watching({
      ...files,
      failover: { approval: "manual", failAfter: 5 },
    });
    says("failed");
    await pass(clock, 5 * 2000);
    assert.deepEqual([runner.runs.length, watch.status().awaitingApproval], [0, true]);
    says("well");
    await pass(clock, 4 * 2000);
    assert.equal(watch.status().awaitingApproval, false);
    assert.ok(kinds().includes("takeoverApprovalWithdrawn"));
    says("failed");
    await pass(clock, 6 * 2000);
    const answer = await watch.orders.approve({ reason: "seen it", dryRun: false });
    assert.deepEqual([answer.accepted, answer.workId !== null], [true, true]);
    await settle();
    await runner.last.end("done", "standingIn");
    assert.equal(watch.role, "standIn");
  });

  it("does not try a takeover again that failed, until an operator resumes", async () => {
    const { watch, clock, says, runner, kinds } = await watching();
    says("failed");
    await pass(clock, 15 * 2000, 1000);
    await runner.last.end("rolledBack", "none", "script: exit status 3");
    await pass(clock, 60_000, 1000);
    assert.deepEqual([runner.runs.length, watch.role, watch.status().locked], [1, "live", true]);
    assert.deepEqual([once(kinds(), "takeoverFailed"), once(kinds(), "takeoverLocked")], [1, 1]);
    await watch.resume("mended");
    await settle();
    assert.equal(runner.runs.length, 2);
  });

  it("leaves a takeover that stopped half-way to an operator, who carries it on or gives it back", async () => {
    const { watch, clock, says, runner } = await watching();
    says("failed");
    await pass(clock, 15 * 2000, 1000);
    await runner.last.end("stopped", "partly", "DNS refused");
    says("well");
    await pass(clock, 60_000, 1000);
    assert.deepEqual([runner.runs.length, watch.role], [1, "partly"]);
    await watch.orders.failover({ reason: "DNS mended", dryRun: false });
    await settle();
    assert.deepEqual(
      runner.runs.map(({ kind }) => kind),
      ["takeover", "takeover"],
    );
    await runner.last.end("done", "standingIn");
    await pass(clock, 10_000);
    assert.deepEqual([watch.role, runner.runs.length], ["standIn", 2]);
  });

  it("gives the role back on demand and watches again", async () => {
    const { watch, clock, says, runner, kinds, files: tree } = await watching();
    says("failed");
    await pass(clock, 15 * 2000, 1000);
    await runner.last.end("done", "standingIn");
    assert.equal(tree.running, false);
    says("well");
    await pass(clock, 10_000);
    const answer = await watch.orders.failback({ reason: "repaired", dryRun: false });
    assert.equal(answer.accepted, true);
    await settle();
    assert.equal(runner.last.kind, "failback");
    await runner.last.end("done", "none");
    await pass(clock, 4000);
    assert.deepEqual([watch.role, tree.running, once(kinds(), "serverReset")], ["live", true, 1]);
    says("failed");
    await pass(clock, 16 * 2000, 1000);
    assert.equal(runner.last.kind, "takeover");
  });

  it("gives the role back although it holds the address and cannot ask the live server", async () => {
    const assumed: NewServer = {
      ...files,
      takeover: { assumeIpAddress: true, addresses: [{ address: "192.0.2.10/24", interface: "eth0" }] },
    };
    const { watch, clock, says, runner, rounds } = await watching(assumed);
    says("failed");
    await pass(clock, 15 * 2000, 1000);
    await runner.last.end("done", "standingIn");
    const asked = rounds();
    says("well");
    await pass(clock, 60_000, 1000);
    assert.equal(rounds(), asked, "its own address would answer");
    await watch.orders.failback({ reason: "repaired", dryRun: false });
    await settle();
    await runner.last.end("done", "none");
    await pass(clock, 4000);
    assert.deepEqual([watch.role, watch.status().condition], ["live", "ok"]);
  });

  it("stands in again, and locks, where a failback fails and is undone", async () => {
    const { watch, clock, says, runner, kinds } = await watching();
    says("failed");
    await pass(clock, 15 * 2000, 1000);
    await runner.last.end("done", "standingIn");
    says("well");
    await pass(clock, 10_000);
    await watch.orders.failback({ reason: "repaired", dryRun: false });
    await settle();
    await runner.last.end("rolledBack", "standingIn", "copying back failed");
    await pass(clock, 30_000, 1000);
    assert.deepEqual([watch.role, runner.runs.length], ["standIn", 2]);
    assert.equal(once(kinds(), "failbackFailed"), 1);
  });

  it("ends the stand-in role by itself where the project asks for it, once the server was well for long enough", async () => {
    const { watch, clock, says, runner } = await watching({
      ...files,
      failover: { automaticallyStopFailover: true, liveStableFor: 20_000, failAfter: 5 },
    });
    says("failed");
    await pass(clock, 5 * 2000);
    await runner.last.end("done", "standingIn");
    await pass(clock, 60_000, 1000);
    assert.equal(runner.runs.length, 1);
    says("well");
    await pass(clock, 18_000, 1000);
    assert.equal(runner.runs.length, 1);
    await pass(clock, 12_000, 1000);
    assert.equal(runner.last.kind, "failback");
    await runner.last.end("done", "none");
    assert.equal(watch.role, "live");
  });

  it("suspends and stops for maintenance: nothing is probed, files or everything stand still", async () => {
    const { watch, clock, says, runner, rounds, files: tree, database, saved } = await watching();
    await watch.maintain("suspended", "patches");
    says("failed");
    const asked = rounds();
    await pass(clock, 200_000, 10_000);
    assert.deepEqual([rounds() - asked, runner.runs.length], [0, 0]);
    assert.deepEqual([watch.status().condition, tree.running, database.running], ["suspended", false, true]);
    await watch.maintain("stopped", "new disks");
    await settle();
    assert.deepEqual([watch.status().condition, database.running], ["stopped", false]);
    assert.equal(saved.at(-1)?.maintenance, "stopped");
    says("well");
    await watch.resume("done");
    await settle();
    assert.deepEqual([watch.status().condition, tree.running, database.running], ["ok", true, true]);
  });

  it("refuses maintenance while it stands in", async () => {
    const { watch, clock, says, runner } = await watching();
    says("failed");
    await pass(clock, 15 * 2000, 1000);
    await runner.last.end("done", "standingIn");
    await assert.rejects(watch.maintain("suspended", "x"), { code: "SERVER_STANDING_IN" });
  });

  it("shows copies of everything as replicating, with progress, and refuses a second work", async () => {
    const { watch, files: tree, database, kinds } = await watching();
    const answer = watch.orders.replicate("fromLive", "new disk");
    assert.equal(watch.status().condition, "replicating");
    assert.throws(() => watch.orders.replicate("fromLive", "again"), { code: "SERVER_BUSY" });
    await settle();
    const { lastWork } = watch.status();
    assert.deepEqual([lastWork?.id, lastWork?.outcome, lastWork?.percent], [answer.workId, "done", 100]);
    assert.deepEqual([tree.copies, database.copies], [["fromLive"], ["fromLive"]]);
    assert.equal(once(kinds(), "replicationDone"), 2);
    database.failure = new Error("no space");
    watch.orders.replicate("toLive", "failback by hand");
    await settle();
    assert.deepEqual(
      [watch.status().lastWork?.outcome, watch.status().lastWork?.detail],
      ["failed", "no space"],
    );
  });

  it("prints plans without running them, and refuses what makes no sense", async () => {
    const { watch, runner } = await watching();
    const plan = await watch.orders.failover({ reason: "drill", dryRun: true });
    assert.deepEqual(plan.explanation, [
      "This machine would stand in for it.",
      "1. the only step of the takeover",
    ]);
    await assert.rejects(watch.orders.failback({ reason: "x", dryRun: true }), {
      code: "SERVER_NOT_STANDING_IN",
    });
    assert.equal((await watch.orders.approve({ reason: "x", dryRun: false })).accepted, false);
    assert.equal(runner.runs.length, 0);
  });

  it("takes over on demand, and after a test, not beside it", async () => {
    const { watch, runner, kinds } = await watching();
    await watch.orders.test({ reason: "drill", dryRun: false });
    const test = runner.last;
    assert.equal(test.kind, "test");
    await assert.rejects(watch.orders.failover({ reason: "now", dryRun: false }), { code: "SERVER_BUSY" });
    await test.end("done", "none");
    assert.equal(once(kinds(), "takeoverTested"), 1);
    await watch.orders.failover({ reason: "move", dryRun: false });
    await settle();
    assert.deepEqual([runner.last.kind, runner.last.options.reason], ["takeover", "move"]);
  });
});

describe("the watch after a restart of this process", () => {
  it("goes on standing in without a new takeover, although the live server answers", async () => {
    const runner = new PlayedRunner();
    runner.standingNow = { kind: "standingIn" };
    const { watch, clock, kinds } = await watching(files, { runner });
    await pass(clock, 60_000, 1000);
    assert.deepEqual([watch.role, runner.runs.length, once(kinds(), "takeoverStarted")], ["standIn", 0, 0]);
  });

  it("finishes a takeover that was under way before it probes anything", async () => {
    const runner = new PlayedRunner();
    runner.standingNow = { kind: "underWay", plan: "takeover", reason: "failed" };
    const played = playedWatch(files, { runner });
    const started = played.watch.start("restart");
    await settle();
    assert.deepEqual([runner.last.resumed, played.rounds()], [true, 0]);
    await runner.last.end("done", "standingIn");
    await started;
    await pass(played.clock, 30_000, 1000);
    assert.deepEqual([played.watch.role, runner.runs.length], ["standIn", 1]);
    assert.equal(once(played.kinds(), "takeoverResumed"), 1);
  });

  it("goes through the takeover again where the whole machine was started anew: its addresses are gone", async () => {
    const runner = new PlayedRunner();
    runner.standingNow = { kind: "standingIn" };
    const played = playedWatch(files, { runner, rebooted: true });
    const started = played.watch.start("restart");
    await settle();
    assert.equal(runner.last.kind, "takeover");
    await runner.last.end("done", "standingIn");
    await started;
    await pass(played.clock, 30_000, 1000);
    assert.deepEqual([played.watch.role, runner.runs.length], ["standIn", 1]);
  });

  it("stays in maintenance", async () => {
    const { watch, rounds } = await watching(files, { maintenance: "stopped" });
    assert.deepEqual([watch.status().condition, rounds()], ["stopped", 0]);
  });
});

describe("two protected servers and one stand-in", () => {
  const share = (name: string): NewServer => ({
    name,
    address: `${name}.example`,
    failover: { failAfter: 5 },
    takeover: { services: [{ name: "web", unit: "web.service" }] },
  });

  it("stands in for the first that fails, tells of the second, and takes it over when it is free again", async () => {
    const [clock, stage] = [new ManualClock(), new Stage()];
    const first = await watching(share("a"), { clock, stage });
    const second = await watching(share("b"), { clock, stage });
    first.says("failed");
    await pass(clock, 5 * 2000);
    await first.runner.last.end("done", "standingIn");
    second.says("failed");
    await pass(clock, 8 * 2000);
    assert.deepEqual([second.runner.runs.length, second.watch.status().blockedBy], [0, "a"]);
    assert.equal(once(second.kinds(), "secondServerFailed"), 1);
    const order = await second.watch.orders.failover({ reason: "please", dryRun: false });
    assert.equal(order.accepted, false);
    assert.match(order.explanation.join(" "), /stands in for a, and both need the service web\.service/);
    first.says("well");
    await first.watch.orders.failback({ reason: "repaired", dryRun: false });
    await settle();
    await first.runner.last.end("done", "none");
    await pass(clock, 3 * 2000);
    assert.deepEqual(
      second.runner.runs.map(({ kind }) => kind),
      ["takeover"],
    );
  });

  it("stands in for both where their plans have nothing in common", async () => {
    const [clock, stage] = [new ManualClock(), new Stage()];
    const first = await watching({ ...share("a"), takeover: {} }, { clock, stage });
    const second = await watching(share("b"), { clock, stage });
    for (const each of [first, second]) each.says("failed");
    await pass(clock, 6 * 2000);
    await first.runner.last.end("done", "standingIn");
    await second.runner.last.end("done", "standingIn");
    assert.deepEqual([first.watch.role, second.watch.role], ["standIn", "standIn"]);
  });
});
