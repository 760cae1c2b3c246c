import assert from "node:assert/strict";
import fc from "fast-check";
import { describe as describeState } from "../../src/core/describe.ts";
import { explainSwitchover } from "../../src/core/explain.ts";
import type { Input, ItemSample } from "../../src/core/input.ts";
import type { MonitorItemPolicy, Policy } from "../../src/core/policy.ts";
import { type Role, roles } from "../../src/core/role.ts";
import { initialState, type PairState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import type { TimerId } from "../../src/core/timer.ts";
import { allowedSilenceMs, judge } from "../../src/core/trigger.ts";
import { createChecker } from "../../tools/sim/checker.ts";
import { readInput, writeInput } from "../../tools/transcript/input-text.ts";
import { readPolicy, usualPolicy, writePolicy } from "../../tools/transcript/policy-text.ts";
import { splitWords } from "../../tools/transcript/words.ts";

const times = fc.integer({ min: 100, max: 20_000 });
const counts = fc.integer({ min: 1, max: 4 });
const texts = fc.string({ maxLength: 12 });
const itemNames = ["A", "B"] as const;

const items: fc.Arbitrary<MonitorItemPolicy[]> = fc.subarray([...itemNames]).chain((names) =>
  fc.tuple(
    ...names.map((item) =>
      fc.record({
        item: fc.constant(item),
        updateRateMs: times,
        trigger: fc.oneof(
          fc.constant({ on: "badQuality" as const }),
          fc.record({ on: fc.constant("specificValue" as const), value: texts }),
          fc.record({ on: fc.constant("noChange" as const), withinMs: times }),
        ),
      }),
    ),
  ),
);

const policies: fc.Arbitrary<Policy> = fc.record({
  mode: fc.constantFrom("cold", "warm", "hot"),
  preferPrimary: fc.oneof(
    fc.constantFrom({ when: "never" as const }, { when: "atOnce" as const }),
    fc.record({ when: fc.constant("stable" as const), forMs: times }),
  ),
  probe: fc.record({ intervalMs: times, timeoutMs: times, suspectIntervalMs: times }),
  counts: fc.record({ warnAfter: counts, failAfter: counts, failAfterStartup: counts, recoverAfter: counts }),
  connectTimeoutMs: times,
  reconnectIntervalMs: times,
  monitor: fc.record({ items, failureCount: counts }),
  limits: fc.record({
    minBetweenMs: fc.integer({ min: 0, max: 20_000 }),
    budget: fc.option(fc.record({ switchovers: counts, windowMs: times })),
  }),
  approval: fc.constantFrom("automatic", "manual"),
  bothBad: fc.constantFrom("stay", "bestAvailable"),
});

const member = fc.constantFrom<Role>(...roles);
/** 0 stands for the present one; see `withPresentIds`. */
const id = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 25 }));
const item = fc.constantFrom(...itemNames, "unknown");
const samples: fc.Arbitrary<ItemSample> = fc.record({
  quality: fc.constantFrom("good", "uncertain", "bad", "waiting"),
  value: fc.option(texts),
  isArray: fc.boolean(),
});
const timers = fc.constantFrom<TimerId>(
  ...roles.flatMap((role): TimerId[] => [
    `connectTimeout:${role}`,
    `reconnect:${role}`,
    `probe:${role}`,
    `probeTimeout:${role}`,
    `subscribeTimeout:${role}`,
    `addItems:${role}`,
    `watchdog:${role}:A`,
    `forget:${role}`,
  ]),
  "stable:primary",
  "holdDown",
  "promoteTimeout",
);
const kind = <K extends Input["kind"]>(...kinds: K[]): fc.Arbitrary<K> => fc.constantFrom(...kinds);
const operatorInputs: fc.Arbitrary<Input> = fc.oneof(
  fc.record({ kind: kind("enable", "disable", "suspend", "resume", "approve"), reason: texts }),
  fc.record({ kind: kind("switchover"), to: fc.option(member), force: fc.boolean(), reason: texts }),
);
const worldInputs: fc.Arbitrary<Input> = fc.oneof(
  fc.record({ kind: kind("linkUp", "subscribeDone"), member, linkId: id }),
  fc.record({
    kind: kind("linkFailed", "linkLost", "shutdownNotified", "subscribeFailed"),
    member,
    linkId: id,
    detail: texts,
  }),
  fc.record({ kind: kind("probeAnswered"), member, probeId: id }),
  fc.record({ kind: kind("probeMissed"), member, probeId: id, detail: texts }),
  fc.record({ kind: kind("promoteDone"), member, switchId: id }),
  fc.record({ kind: kind("promoteFailed"), member, switchId: id, detail: texts }),
  fc.record({ kind: kind("itemAdded"), member, linkId: id, item }),
  fc.record({ kind: kind("itemAddFailed"), member, linkId: id, item, detail: texts }),
  fc.record({ kind: kind("itemSample"), member, linkId: id, item, sample: samples }),
  fc.record({ kind: kind("timerFired"), timer: timers }),
);
const settings: fc.Arbitrary<Input> = policies.map((policy) => ({ kind: "settings", policy }));

/** Inputs at their times, beginning with `enable`. */
const histories = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 3000 }),
      fc.oneof({ weight: 20, arbitrary: worldInputs }, { weight: 3, arbitrary: operatorInputs }, settings),
    ),
    { minLength: 10, maxLength: 80 },
  )
  .map((steps): [number, Input][] => {
    let now = 0;
    const later = steps.map(([pause, input]): [number, Input] => {
      now += pause;
      return [now, input];
    });
    return [[0, { kind: "enable", reason: "start" }], ...later];
  });

/** Answers to the effect that waits for one, where the id is 0. */
function withPresentIds(input: Input, state: PairState): Input {
  if ("linkId" in input && input.linkId === 0)
    return { ...input, linkId: state.members[input.member].linkId };
  if ("probeId" in input && input.probeId === 0) {
    return { ...input, probeId: state.members[input.member].probe?.probeId ?? 0 };
  }
  if ("switchId" in input && input.switchId === 0) {
    return { ...input, switchId: state.switching?.switchId ?? 0 };
  }
  return input;
}

function stateAfter(policy: Policy, history: readonly [number, Input][]): PairState {
  return history.reduce(
    (state, [now, input]) => step(state, withPresentIds(input, state), now).state,
    initialState(policy),
  );
}

describe("the failover core, whatever is told to it,", () => {
  it("breaks no rule and does not throw, however absurd the inputs", () => {
    fc.assert(
      fc.property(policies, histories, (policy, history) => {
        let state = initialState(policy);
        const checker = createChecker(state);
        for (const [now, told] of history) {
          const input = withPresentIds(told, state);
          const result = step(state, input, now);
          checker.check(state, input, now, result);
          state = result.state;
        }
      }),
      { numRuns: 500 },
    );
  });

  it("keeps still while it is disabled", () => {
    fc.assert(
      fc.property(policies, histories, fc.array(worldInputs), (policy, history, late) => {
        const [endMs] = history.at(-1) ?? [0];
        const before = stateAfter(policy, history);
        const off = step(before, { kind: "disable", reason: "end" }, endMs).state;
        assert.deepEqual(off.timers, {});
        for (const input of late) {
          const { state, effects, records } = step(off, input, endMs);
          assert.equal(state, off);
          assert.deepEqual([effects, records], [[], []]);
        }
      }),
    );
  });

  it("does what its explanation of a switchover foretells", () => {
    fc.assert(
      fc.property(policies, histories, fc.option(member), fc.boolean(), (policy, history, to, force) => {
        const [now] = history.at(-1) ?? [0];
        const state = stateAfter(policy, history);
        const outlook = explainSwitchover(state, to, force, now);
        const { records } = step(state, { kind: "switchover", to, force, reason: "test" }, now);
        const refused = records.find((record) => record.kind === "switchRefused");
        assert.equal(refused?.why ?? null, outlook.refusal);
        assert.ok(outlook.explanation.length > 0);
      }),
    );
  });

  it("describes every state in one line", () => {
    fc.assert(
      fc.property(policies, histories, (policy, history) => {
        assert.match(describeState(stateAfter(policy, history)), /^[^\n]+$/);
      }),
    );
  });
});

describe("a monitor item's trigger", () => {
  it("takes a server that waits for its first value for neither good nor bad", () => {
    fc.assert(
      fc.property(items, samples, fc.constantFrom("untested", "passed", "error"), (list, sample, before) => {
        for (const { trigger } of list) {
          assert.equal(judge(trigger, { ...sample, quality: "waiting" }, before), before);
        }
      }),
    );
  });

  it("allows a silence of at least two updates", () => {
    fc.assert(
      fc.property(items, (list) => {
        for (const one of list) assert.ok(allowedSilenceMs(one) >= 2 * one.updateRateMs);
      }),
    );
  });
});

/** fast-check makes objects without a prototype. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("a transcript", () => {
  it("gives back every policy as it was written", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const { options } = splitWords(writePolicy(policy));
        assert.deepEqual(plain(readPolicy(usualPolicy, options)), plain(policy));
      }),
    );
  });

  it("gives back every input as it was written", () => {
    fc.assert(
      fc.property(policies, fc.oneof(worldInputs, operatorInputs, settings), (policy, input) => {
        const state = initialState(policy);
        assert.deepEqual(plain(readInput(writeInput(input, state), state)), plain(input));
      }),
    );
  });
});
