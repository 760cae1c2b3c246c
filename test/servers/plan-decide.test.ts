import assert from "node:assert/strict";
import fc from "fast-check";
import { nextAction, percentOf } from "../../src/servers/plan/decide.ts";
import { emptyPlanState, type PlanState, standingOf, withRecord } from "../../src/servers/plan/plan-state.ts";
import type { PlanRecord } from "../../src/servers/plan/record.ts";
import type { PlanKind } from "../../src/servers/seams.ts";

/** How a step of the model behaves. */
interface ModelStep {
  readonly does: "well" | "fails" | "isThere" | "mayFail";
  readonly undoFails: boolean;
}

interface Model {
  readonly kind: Extract<PlanKind, "takeover" | "test">;
  readonly steps: readonly ModelStep[];
  readonly onStepFailure: "stop" | "rollBack";
  /** The plan is cancelled before this action; beyond the end = never. */
  readonly cancelAt: number;
}

/** What the steps have done to the world, and in which order. */
interface World {
  readonly applied: Set<number>;
  readonly log: string[];
}

const modelStep: fc.Arbitrary<ModelStep> = fc.record({
  does: fc.constantFrom("well", "well", "well", "fails", "isThere", "mayFail"),
  undoFails: fc.constant(false),
});
const stubbornStep: fc.Arbitrary<ModelStep> = fc.record({
  does: fc.constantFrom("well", "well", "fails"),
  undoFails: fc.boolean(),
});
const model = (step: fc.Arbitrary<ModelStep>): fc.Arbitrary<Model> =>
  fc.record({
    kind: fc.constantFrom("takeover", "test"),
    steps: fc.array(step, { minLength: 1, maxLength: 6 }),
    onStepFailure: fc.constantFrom("stop", "rollBack"),
    cancelAt: fc.oneof(fc.constant(1000), fc.nat(8)),
  });

function begin(state: PlanState, kind: PlanKind, names: readonly string[], reverse = false): PlanRecord {
  assert.equal(standingOf(state).kind === "underWay", false);
  const steps = names.map((name) => ({
    name: reverse ? `undo ${name}` : name,
    reverses: reverse ? name : null,
    text: name,
    weight: 1,
  }));
  return { event: "planBegun", plan: `${kind}-1`, kind, reason: "a test", steps, snapshot: null };
}

/**
 * Carries a plan out as the executor does, with a process that is killed wherever `kills` says so: what it had
 * begun and not journaled is forgotten, what it had done to the world is not.
 */
function carryOut(
  records: PlanRecord[],
  world: World,
  { steps, onStepFailure, cancelAt }: Omit<Model, "kind">,
  kills: readonly boolean[],
): PlanState {
  let point = 0;
  const killed = (): boolean => kills[point++] ?? false;
  for (let turn = 0; ; turn += 1) {
    assert.ok(turn < 500, "a plan comes to an end");
    const state = records.reduce(withRecord, emptyPlanState);
    const action = nextAction(state, { onStepFailure, cancelled: turn >= cancelAt });
    if (killed()) continue;
    if (action.kind === "nothing") return state;
    if (action.kind === "turnBack") records.push({ event: "turnedBack", detail: action.detail });
    if (action.kind === "end") {
      records.push({ event: "planEnded", outcome: action.outcome, detail: action.detail });
    }
    if (action.kind !== "do" && action.kind !== "undo") continue;
    const { step } = action;
    const behaviour = steps[step];
    const mark = state.run?.steps[step];
    assert.ok(behaviour && mark);
    if (action.kind === "undo") {
      records.push({ event: "undoBegun", step });
      if (killed()) continue;
      if (behaviour.undoFails) {
        records.push({ event: "undoFailed", step, code: "X", detail: "no" });
        continue;
      }
      world.applied.delete(step);
      world.log.push(`undo ${step}`);
      if (killed()) continue;
      records.push({ event: "undoDone", step, detail: "" });
      continue;
    }
    if (mark.status === "pending" && behaviour.does === "isThere") {
      records.push({ event: "stepSkipped", step, detail: "" });
      continue;
    }
    if (mark.status === "pending") records.push({ event: "stepBegun", step, memo: null });
    if (killed()) continue;
    // A step that fails may have done its work in part.
    world.applied.add(step);
    world.log.push(`do ${step}`);
    if (killed()) continue;
    const tolerated = behaviour.does === "mayFail";
    records.push(
      behaviour.does === "fails" || tolerated
        ? { event: "stepFailed", step, code: "X", detail: "no", tolerated }
        : { event: "stepDone", step, detail: "" },
    );
  }
}

function names({ steps }: Pick<Model, "steps">): readonly string[] {
  return steps.map((_step, index) => `step ${index}`);
}

function run(
  given: Model,
  kills: readonly boolean[],
): { state: PlanState; world: World; records: PlanRecord[] } {
  const world: World = { applied: new Set(), log: [] };
  const records: PlanRecord[] = [begin(emptyPlanState, given.kind, names(given))];
  const state = carryOut(records, world, given, kills);
  return { state, world, records };
}

const kills = fc.array(fc.boolean(), { maxLength: 60 });

describe("what comes next in a plan", () => {
  it("comes to the same end whenever its process is killed", () => {
    fc.assert(
      fc.property(model(modelStep), kills, (given, when) => {
        const calm = { ...given, cancelAt: 1000 };
        const [undisturbed, disturbed] = [run(calm, []), run(calm, when)];
        assert.equal(disturbed.state.run?.outcome, undisturbed.state.run?.outcome);
        assert.deepEqual([...disturbed.world.applied], [...undisturbed.world.applied]);
        assert.deepEqual(disturbed.state.inForce, undisturbed.state.inForce);
      }),
      { numRuns: 500 },
    );
  });

  it("knows everything that may have been done to the world", () => {
    fc.assert(
      fc.property(fc.oneof(model(modelStep), model(stubbornStep)), kills, (given, when) => {
        const { state, world } = run(given, when);
        const known = new Set(state.inForce.map(({ name }) => name));
        for (const step of world.applied) assert.ok(known.has(`step ${step}`));
        // What is done to its end is surely there.
        for (const { name, complete } of state.inForce) {
          if (complete) assert.ok(world.applied.has(Number(name.split(" ")[1])));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("leaves nothing in force after a test or when all was rolled back", () => {
    fc.assert(
      fc.property(model(modelStep), kills, (given, when) => {
        const { state, world } = run(given, when);
        const outcome = state.run?.outcome;
        if (given.kind === "test" || outcome === "rolledBack") {
          assert.equal(world.applied.size, 0);
          assert.deepEqual(standingOf(state), { kind: "none" });
        }
        if (given.kind === "takeover" && outcome === "done") {
          assert.deepEqual(standingOf(state), { kind: "standingIn" });
          assert.equal(world.applied.size, given.steps.filter(({ does }) => does !== "isThere").length);
        }
        if (given.kind === "takeover") {
          const open = ["pending", "begun", "failed", "undone"];
          const isWhole = state.run?.steps.every(({ status }) => !open.includes(status));
          assert.equal(outcome === "done", isWhole);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("does steps in their order and undoes them in the opposite one", () => {
    fc.assert(
      fc.property(model(stubbornStep), (given) => {
        const { world } = run(given, []);
        const did = world.log.filter((each) => each.startsWith("do"));
        const undid = world.log.filter((each) => each.startsWith("undo"));
        assert.deepEqual(did, did.toSorted());
        assert.deepEqual(undid, undid.toSorted().reverse());
        assert.equal(new Set(world.log).size, world.log.length, "nothing is done or undone twice");
      }),
    );
  });

  it("says that an operator must decide where an undo failed, and undoes the rest nevertheless", () => {
    const steps: readonly ModelStep[] = [
      { does: "well", undoFails: false },
      { does: "well", undoFails: true },
      { does: "fails", undoFails: false },
    ];
    const { state } = run({ kind: "takeover", steps, onStepFailure: "rollBack", cancelAt: 1000 }, []);
    assert.equal(state.run?.outcome, "stopped");
    assert.deepEqual(
      state.inForce.map(({ name }) => name),
      ["step 1"],
    );
    assert.equal(standingOf(state).kind, "partly");
    assert.match(state.run?.detail ?? "", /step 2: no; .*undone: step 0, step 2.*in force: step 1/);
  });

  it("gives back exactly what is in force, and takes it again where giving back fails", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constant<ModelStep>({ does: "well", undoFails: false }), { minLength: 1, maxLength: 5 }),
        fc.nat(4),
        kills,
        (steps, at, when) => {
          const over: Model = { kind: "takeover", steps, onStepFailure: "rollBack", cancelAt: 1000 };
          const { state, records } = run(over, when);
          // In the opposite order, as a failback has them: `do` takes a step back, `undo` does it again.
          const back = names(over).toReversed();
          const failing = at < back.length ? at : null;
          const behaviour = back.map(
            (_name, index): ModelStep => ({
              does: index === failing ? "fails" : "well",
              undoFails: false,
            }),
          );
          records.push(begin(state, "failback", back, true));
          const world: World = { applied: new Set(), log: [] };
          const after = carryOut(
            records,
            world,
            { steps: behaviour, onStepFailure: "rollBack", cancelAt: 1000 },
            when,
          );
          const expected = failing === null ? "none" : "standingIn";
          assert.deepEqual(standingOf(after), { kind: expected });
          assert.equal(after.inForce.length, failing === null ? 0 : steps.length);
          assert.ok(after.inForce.every(({ complete }) => complete));
        },
      ),
    );
  });

  it("reports percent that go up to 100 as the steps are done", () => {
    fc.assert(
      fc.property(model(modelStep), (given) => {
        const { records } = run({ ...given, kind: "takeover", cancelAt: 1000, onStepFailure: "stop" }, []);
        let state = emptyPlanState;
        let last = 0;
        for (const record of records) {
          state = withRecord(state, record);
          if (state.run === null) continue;
          const percent = percentOf(state.run, "step" in record ? record.step : -1, 0);
          assert.ok(percent >= last && percent <= 100);
          last = percent;
        }
        if (state.run?.outcome === "done") assert.equal(last, 100);
      }),
    );
  });

  it("takes no notice of records that do not fit", () => {
    const state = withRecord(emptyPlanState, begin(emptyPlanState, "takeover", ["a"]));
    const ended = withRecord(state, { event: "planEnded", outcome: "done", detail: "" });
    assert.equal(withRecord(ended, { event: "stepDone", step: 0, detail: "" }), ended);
    assert.equal(withRecord(state, { event: "stepDone", step: 7, detail: "" }), state);
    assert.equal(withRecord(emptyPlanState, { event: "undoBegun", step: 0 }), emptyPlanState);
  });
});
