import assert from "node:assert/strict";
import { replay } from "../../src/host/recorded-input.ts";
import { hostedPair, hotPolicy, runningPair, settled } from "./fixtures/hosted-pair.ts";

describe("the host of a pair", () => {
  it("links both members and promotes the primary, telling the audience of each link first", async () => {
    const { host, link, log } = hostedPair();
    host.enable("test");
    assert.deepEqual(log, ["open primary", "open secondary"]);
    link("primary").tell.up();
    assert.deepEqual(log.slice(2), ["up primary", "promote primary startup", "subscribe primary"]);
    await settled();
    assert.equal(host.status().active, "primary");
    assert.equal(host.status().members[0]?.pingMs, 7);
    assert.equal(host.status().members[0]?.link, "up");
  });

  it("has promoted the other member when the call that reports a lost link returns", async () => {
    const { link, log, records, host } = await runningPair();
    link("primary").tell.lost("ECONNRESET");
    assert.deepEqual(log, ["promote secondary linkLost", "down primary", "close primary"]);
    await settled();
    assert.deepEqual(
      records.map(({ kind }) => kind),
      ["connectionLost", "healthChanged", "promoted"],
    );
    assert.equal(host.status().switchovers, 1);
  });

  it("fails over when status queries stay unanswered, and drops the hung link", async () => {
    const { clock, link, log, host } = await runningPair();
    link("primary").answersProbes = "no";
    await clock.advance(1499);
    assert.equal(host.status().active, "primary");
    await clock.advance(1);
    assert.deepEqual(log, ["promote secondary statusQuery", "down primary", "close primary"]);
    await clock.advance(2000);
    assert.deepEqual(log.slice(3), ["open primary"]);
  });

  it("counts an error answer to a status query at once", async () => {
    const { clock, link, host } = await runningPair();
    link("primary").answersProbes = "error";
    await clock.advance(1000);
    assert.equal(host.status().active, "secondary");
  });

  it("ignores what an ended link still says", async () => {
    const { clock, link, log, host } = await runningPair();
    const old = link("primary");
    old.tell.lost("gone");
    await clock.advance(2000);
    assert.notEqual(link("primary"), old);
    log.length = 0;
    old.tell.up();
    old.tell.lost("again");
    old.tell.shutdown("late");
    await settled();
    assert.deepEqual(log, []);
    assert.equal(host.status().members[0]?.link, "connecting");
  });

  it("takes a promotion that throws as failed", async () => {
    const { audience, link, host, records } = await runningPair();
    audience.failPromote = "no session";
    link("primary").tell.lost("gone");
    await settled();
    assert.ok(records.some((record) => record.kind === "promotionFailed" && record.detail === "no session"));
    assert.notEqual(host.status().active, "secondary");
  });

  it("feeds inputs one after another where an effect brings about another input", async () => {
    const { audience, link, log } = await runningPair();
    const { promote } = audience;
    audience.promote = (role, cause) => {
      link("secondary").tell.lost("also gone");
      log.push("inner call returned");
      return promote.call(audience, role, cause);
    };
    link("primary").tell.lost("gone");
    assert.deepEqual(log, [
      "inner call returned",
      "promote secondary linkLost",
      "down primary",
      "close primary",
      "demote linkLost",
      "down secondary",
      "close secondary",
    ]);
  });

  it("switches over for an operator and tells how it went", async () => {
    const { host, log } = await runningPair();
    const options = { to: null, reason: "maintenance", force: false, dryRun: true };
    const dry = await host.switchover(options);
    assert.equal(dry.accepted, true);
    assert.equal(dry.to, "secondary");
    assert.deepEqual(log, []);
    const done = await host.switchover({ ...options, dryRun: false });
    assert.equal(done.accepted, true);
    assert.match(done.explanation.at(-1) ?? "", /^Done: the secondary is active/);
    const refused = await host.switchover({ ...options, to: "secondary", dryRun: false });
    assert.equal(refused.accepted, false);
    assert.match(refused.explanation[0] ?? "", /active already/);
  });

  it("waits for approval where the policy asks for it", async () => {
    const { host, link } = await runningPair({ ...hotPolicy, approval: "manual" });
    const early = await host.approve("why not");
    assert.equal(early.accepted, false);
    link("primary").tell.lost("gone");
    await settled();
    assert.equal(host.status().awaitingApproval, "secondary");
    const answer = await host.approve("go");
    assert.equal(answer.to, "secondary");
    assert.match(answer.explanation.at(-1) ?? "", /^Done/);
  });

  it("adds and removes monitor items of running members when the settings change", async () => {
    const { host, log } = await runningPair();
    const item = { item: "x", updateRateMs: 100, trigger: { on: "badQuality" } } as const;
    host.applySettings({ ...hotPolicy, monitor: { items: [item], failureCount: 1 } });
    assert.deepEqual(log, ["add primary x", "add secondary x"]);
    host.applySettings(hotPolicy);
    assert.deepEqual(log.slice(2), ["remove primary x", "remove secondary x"]);
  });

  it("closes everything and tells the clients when the pair is disabled", async () => {
    const { host, log, clock } = await runningPair();
    host.disable("test");
    assert.deepEqual(log, [
      "demote operator",
      "down primary",
      "close primary",
      "down secondary",
      "close secondary",
    ]);
    assert.equal(clock.timers.size, 0);
  });

  it("leaves no timer behind when it is stopped, and settles what waits for a switchover", async () => {
    const { host, log, clock, audience, link } = await runningPair();
    audience.promote = () => new Promise(() => {});
    const waiting = host.switchover({ to: null, reason: "", force: false, dryRun: false });
    host.stop();
    assert.equal(clock.timers.size, 0);
    assert.match((await waiting).explanation.at(-1) ?? "", /stopped/);
    log.length = 0;
    link("primary").tell.lost("gone");
    host.enable("again");
    await settled();
    assert.deepEqual(log, []);
  });

  it("records its inputs so that they replay to the same state", async () => {
    const { host, recorded, clock, link } = await runningPair();
    link("primary").answersProbes = "no";
    await clock.advance(4000);
    link("primary").tell.up();
    await clock.advance(3000);
    const overTheWire = JSON.parse(JSON.stringify(recorded)) as typeof recorded;
    const replayed = [...replay(overTheWire)].at(-1)?.done.state;
    assert.equal(JSON.stringify(replayed), JSON.stringify(host.state));
  });
});
