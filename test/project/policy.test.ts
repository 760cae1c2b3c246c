import assert from "node:assert/strict";
import fc from "fast-check";
import { endpointUrlOf, namedMonitorItems, policyOf } from "../../src/project/policy.ts";
import type { Pair } from "../../src/project/project.ts";
import { newProject, parseProject } from "../../src/project/project-document.ts";
import { newPair } from "./arbitraries.ts";
import { pairsText, pairText } from "./support.ts";

function pairOf(more = ""): Pair {
  const [pair] = parseProject(pairsText(pairText("Plant", more)), "plant.xml").project.pairs;
  assert.ok(pair);
  return pair;
}

function items(...list: readonly string[]): string {
  return `<monitorItems>${list.map((item) => `<monitorItem>${item}</monitorItem>`).join("")}</monitorItems>`;
}

describe("the policy of a pair", () => {
  it("is the seed's behaviour by default: one missed query is a loss, no limits, no way back by itself", () => {
    assert.deepEqual(policyOf(pairOf()), {
      mode: "hot",
      preferPrimary: { when: "never" },
      probe: { intervalMs: 1000, timeoutMs: 500, suspectIntervalMs: 1000 },
      counts: { warnAfter: 1, failAfter: 1, failAfterStartup: 1, recoverAfter: 1 },
      connectTimeoutMs: 5000,
      reconnectIntervalMs: 1000,
      monitor: { items: [], failureCount: 1 },
      limits: { minBetweenMs: 0, budget: null },
      approval: "automatic",
      bothBad: "stay",
    });
  });

  it("goes back to the primary at once, or once it has been stable", () => {
    const back = "<alwaysReconnectToPrimary>true</alwaysReconnectToPrimary>";
    const stable = "<failover><primaryStableFor>5000</primaryStableFor></failover>";
    assert.deepEqual(policyOf(pairOf(back)).preferPrimary, { when: "atOnce" });
    assert.deepEqual(policyOf(pairOf(back + stable)).preferPrimary, { when: "stable", forMs: 5000 });
    assert.deepEqual(policyOf(pairOf(stable)).preferPrimary, { when: "never" });
  });

  it("carries the failover settings", () => {
    const policy = policyOf(
      pairOf(
        "<failover><failAfter>3</failAfter><suspectInterval>100</suspectInterval><switchoverLimit><switchovers>2</switchovers><window>60000</window></switchoverLimit><minimumTimeBetweenSwitchovers>7</minimumTimeBetweenSwitchovers><approval>manual</approval><bothBad>bestAvailable</bothBad></failover>",
      ),
    );
    assert.equal(policy.counts.failAfter, 3);
    assert.equal(policy.probe.suspectIntervalMs, 100);
    assert.deepEqual(policy.limits, { minBetweenMs: 7, budget: { switchovers: 2, windowMs: 60_000 } });
    assert.equal(policy.approval, "manual");
    assert.equal(policy.bothBad, "bestAvailable");
  });

  it("has the triggers of the monitor items, with values in the form they are compared in", () => {
    const pair = pairOf(
      items(
        "<itemId>q</itemId>",
        "<itemId>w</itemId><updateRate>250</updateRate><trigger>noChange</trigger><triggerData>2000</triggerData>",
        "<itemId>b</itemId><dataType>Boolean</dataType><trigger>specificValue</trigger><triggerData>1</triggerData>",
        "<itemId>l</itemId><dataType>Long</dataType><trigger>specificValue</trigger><triggerData>+007</triggerData>",
        "<itemId>d</itemId><dataType>Double</dataType><trigger>specificValue</trigger><triggerData>1.50e1</triggerData>",
        "<itemId>s</itemId><trigger>specificValue</trigger><triggerData>01</triggerData>",
      ),
    );
    assert.deepEqual(policyOf(pair).monitor.items, [
      { item: "q", updateRateMs: 1000, trigger: { on: "badQuality" } },
      { item: "w", updateRateMs: 250, trigger: { on: "noChange", withinMs: 2000 } },
      { item: "b", updateRateMs: 1000, trigger: { on: "specificValue", value: "true" } },
      { item: "l", updateRateMs: 1000, trigger: { on: "specificValue", value: "7" } },
      { item: "d", updateRateMs: 1000, trigger: { on: "specificValue", value: "15" } },
      { item: "s", updateRateMs: 1000, trigger: { on: "specificValue", value: "01" } },
    ]);
  });

  it("names monitor items by their item id, and by more only where that is not enough", () => {
    const pair = pairOf(
      items(
        "<itemId>a</itemId>",
        "<itemId>b</itemId><accessPath>COM1</accessPath>",
        "<itemId>b</itemId><accessPath>COM2</accessPath>",
        "<itemId>c</itemId>",
        "<itemId>c</itemId><trigger>noChange</trigger><triggerData>9</triggerData>",
      ),
    );
    assert.deepEqual(
      namedMonitorItems(pair).map(({ item }) => item),
      ["a", "COM1: b", "COM2: b", "c (badQuality)", "c (noChange 9)"],
    );
  });

  it("never gives two monitor items of a pair the same name", () => {
    const text = fc.constantFrom("a", "b", "a: b", "b (badQuality)", "a: b (badQuality) #2");
    const item = fc.record({
      itemId: text,
      accessPath: fc.constantFrom("", "a", "a: b"),
      trigger: fc.constant("badQuality" as const),
    });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), (list) => {
        const monitorItems = list.map((entry) => ({
          ...entry,
          dataType: "Default" as const,
          updateRate: 1000,
          triggerData: "",
        }));
        const names = namedMonitorItems({ ...pairOf(), monitorItems }).map(({ item: name }) => name);
        assert.equal(new Set(names).size, names.length);
      }),
    );
  });

  it("exists for every pair a project admits", () => {
    fc.assert(
      fc.property(newPair, (settings) => {
        const [pair] = newProject().addPair(settings).project.pairs;
        assert.ok(pair);
        const { monitor } = policyOf(pair);
        assert.equal(new Set(monitor.items.map(({ item }) => item)).size, pair.monitorItems.length);
        const scheme = pair.protocol === "opcda" && pair.primary.endpointUrl ? "opcda:" : "opc.tcp:";
        assert.ok(endpointUrlOf(pair.primary).startsWith(`${scheme}//`));
      }),
      { numRuns: 100 },
    );
  });

  it("reaches a member at its endpoint URL, else at port 4840 of its machine", () => {
    const { primary } = pairOf();
    assert.equal(endpointUrlOf(primary), "opc.tcp://a:4840");
    assert.equal(endpointUrlOf({ ...primary, machine: "fe80::1" }), "opc.tcp://[fe80::1]:4840");
    assert.equal(endpointUrlOf({ ...primary, endpointUrl: "opc.tcp://x:1/UA" }), "opc.tcp://x:1/UA");
  });
});
