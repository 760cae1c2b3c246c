import type { MonitorItem, Pair } from "./project.ts";
import { quoted } from "./project-error.ts";
import { canonicalTriggerData } from "./trigger-data.ts";
import type { ValueProblem } from "./validate.ts";

/** Trigger data fits the trigger, no item stands there twice, the failure count can be reached. */
export function checkMonitorItems(pair: Pair, path: string): ValueProblem[] {
  const problems: ValueProblem[] = [];
  const seen = new Map<string, number>();
  for (const [index, item] of pair.monitorItems.entries()) {
    const at = `${path}/monitorItems/monitorItem[${index + 1}]`;
    const data = canonicalTriggerData(item);
    if (!data.ok) {
      const found = item.triggerData === "" ? "nothing" : quoted(item.triggerData);
      problems.push({
        code: "PROJECT_VALUE_INVALID",
        path: `${at}/triggerData`,
        found,
        expected: data.expected,
      });
    }
    const first = seen.get(identityOf(item));
    if (first === undefined) {
      seen.set(identityOf(item), index);
    } else {
      const found = `the same item and trigger as monitorItem[${first + 1}]`;
      problems.push({ code: "PROJECT_VALUE_INVALID", path: at, found, expected: "each once at most" });
    }
  }
  const items = pair.monitorItems.length;
  if (items > 0 && pair.monitorItemFailureCount > items) {
    problems.push({
      code: "PROJECT_VALUE_INVALID",
      path: `${path}/monitorItemFailureCount`,
      found: `${pair.monitorItemFailureCount}`,
      expected: items === 1 ? "1, the number of monitor items" : `1 to ${items}, the number of monitor items`,
    });
  }
  return problems;
}

function identityOf(item: MonitorItem): string {
  return JSON.stringify([item.accessPath, item.itemId, item.trigger, item.triggerData]);
}
