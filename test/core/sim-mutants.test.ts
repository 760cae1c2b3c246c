import assert from "node:assert/strict";
import type { Input } from "../../src/core/input.ts";
import type { PairState } from "../../src/core/state.ts";
import { type Step, step } from "../../src/core/step.ts";
import { asTranscript } from "../../tools/sim/as-transcript.ts";
import { runSchedules } from "../../tools/sim/run.ts";
import type { StepFunction } from "../../tools/sim/simulate.ts";
import { playTranscript } from "../../tools/transcript/transcript.ts";

interface Mutant {
  readonly flaw: string;
  /** The rule that gives it away. */
  readonly rule: RegExp;
  readonly step: StepFunction;
}

/** A core that sees another state than it has, but keeps its own. */
function deceived(change: (state: PairState) => Partial<PairState>): StepFunction {
  return (state, input, now) => {
    const seen = { ...state, ...change(state) };
    const result = step(seen, input, now);
    return result.state === seen ? { ...result, state } : result;
  };
}

function withOutputs(change: (result: Step, input: Input, before: PairState) => Partial<Step>): StepFunction {
  return (state, input, now) => {
    const result = step(state, input, now);
    return { ...result, ...change(result, input, state) };
  };
}

function withLimits(state: PairState, limits: Partial<PairState["policy"]["limits"]>): Partial<PairState> {
  return { policy: { ...state.policy, limits: { ...state.policy.limits, ...limits } } };
}

let calls = 0;

const mutants: readonly Mutant[] = [
  {
    flaw: "that forgets that it is suspended",
    rule: /suspended/,
    step: (state, input, now) => {
      if (input.kind === "suspend" || input.kind === "resume") return step(state, input, now);
      const result = step({ ...state, suspended: false }, input, now);
      return { ...result, state: { ...result.state, suspended: state.suspended } };
    },
  },
  {
    flaw: "that knows no hold-down",
    rule: /held down/,
    step: (state, input, now) => {
      const result = step({ ...state, ...withLimits(state, { minBetweenMs: 0 }) }, input, now);
      if (input.kind === "settings") return result;
      return { ...result, state: { ...result.state, policy: state.policy } };
    },
  },
  {
    flaw: "that knows no switch budget",
    rule: /out of budget/,
    step: (state, input, now) => {
      const result = step({ ...state, ...withLimits(state, { budget: null }) }, input, now);
      if (input.kind === "settings") return result;
      return { ...result, state: { ...result.state, policy: state.policy } };
    },
  },
  {
    flaw: "that does not notice monitor items in error on the other member",
    rule: /known-worse|monitor test/,
    step: deceived((state) => {
      const { primary, secondary } = state.members;
      const blind = (member: PairState["members"]["primary"]): PairState["members"]["primary"] =>
        member.test === "error" ? { ...member, test: "passed" } : member;
      if (state.active === "primary") return { members: { primary, secondary: blind(secondary) } };
      return { members: { primary: blind(primary), secondary } };
    }),
  },
  {
    flaw: "that leaves a timer running when it is disabled",
    rule: /timer/,
    step: withOutputs(({ effects }, input) =>
      input.kind === "disable" ? { effects: effects.filter((e) => e.kind !== "stopTimer") } : {},
    ),
  },
  {
    flaw: "that records a lost connection twice",
    rule: /once per transition/,
    step: withOutputs(({ records }) => ({
      records: records.flatMap((record) =>
        Array.from({ length: record.kind === "healthChanged" ? 2 : 1 }, () => record),
      ),
    })),
  },
  {
    flaw: "that switches without telling its host",
    rule: /at most one active|exactly one cause|subscribe the active/,
    step: withOutputs(({ effects }) => ({ effects: effects.filter((effect) => effect.kind !== "promote") })),
  },
  {
    flaw: "that promotes after everything else",
    rule: /promote comes first/,
    step: withOutputs(({ effects }) => ({
      effects: [
        ...effects.filter((effect) => effect.kind !== "promote"),
        ...effects.filter((effect) => effect.kind === "promote"),
      ],
    })),
  },
  {
    flaw: "that acts on answers to older effects",
    rule: /./,
    step: (state, input, now) => {
      if (input.kind !== "linkLost") return step(state, input, now);
      return step(state, { ...input, linkId: state.members[input.member].linkId }, now);
    },
  },
  {
    flaw: "that does not reconnect after a refusal",
    rule: /opened again|all is well/,
    step: (state, input, now) => {
      if (input.kind !== "timerFired" || !input.timer.startsWith("reconnect:"))
        return step(state, input, now);
      const { [input.timer]: _, ...timers } = state.timers;
      return { state: { ...state, timers }, effects: [], records: [] };
    },
  },
  {
    flaw: "that depends on something other than its arguments",
    rule: /byte-identical/,
    step: (state, input, now) => {
      const result = step(state, input, now);
      const lastId = result.state.lastId + (++calls % 2);
      return { ...result, state: Object.freeze({ ...result.state, lastId }) };
    },
  },
];

describe("the simulator's rules find a failover core", function () {
  this.timeout(60_000);

  for (const { flaw, rule, step: broken } of mutants) {
    it(flaw, () => {
      const replayEvery = rule.test("byte-identical") ? 1 : 0;
      const { failures } = runSchedules(1, 3000, {
        step: broken,
        replayEvery,
        maxFailures: 1,
        maxShrinks: 60,
      });
      const [failure] = failures;
      assert.ok(failure !== undefined, "3000 schedules found nothing");
      assert.match(failure.rule, rule);
    });
  }

  it("and keep what they found as a transcript that plays again", () => {
    const broken = mutants.find(({ flaw }) => flaw.includes("suspended"));
    assert.ok(broken !== undefined);
    const { failures } = runSchedules(1, 3000, { step: broken.step, maxFailures: 1, replayEvery: 0 });
    const [failure] = failures;
    assert.ok(failure !== undefined);
    const transcript = asTranscript(failure.schedule, failure.outcome);
    assert.match(transcript, /^# Seed \d+: no automatic switch while suspended/);
    assert.match(transcript, /^\d+ suspend "shift leader"$/m);
    assert.equal(playTranscript(transcript), transcript);
    assert.ok(failure.schedule.events.length <= 6, `shrunk to ${failure.schedule.events.length} events only`);
  });
});
