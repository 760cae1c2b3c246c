import { indentAt, layoutOf, removeElement, type Splice } from "../splice.ts";
import { readXmlValue } from "../xml-text.ts";
import type { XmlElement } from "../xml-tree.ts";
import { childrenOf, type Migration, onlyChild } from "./migration.ts";

/**
 * Version 1 had `switchBudget` and `switchBudgetWindow` side by side, with 0 for no limit and a window that could
 * be given without meaning anything. Version 2 has one `switchoverLimit`, which is there or not.
 */
export const switchoverLimit: Migration = Object.freeze({
  from: 1,
  to: 2,
  summary: "A limit of automatic switchovers is one element that is there or not, without 0 for none.",
  edit(text: string, root: XmlElement) {
    const splices: Splice[] = [];
    const changes: string[] = [];
    const pairs = childrenOf(onlyChild(root, "pairs") ?? undefined, "pair");
    for (const [index, pair] of pairs.entries()) {
      const failover = onlyChild(pair, "failover");
      if (failover === null) continue;
      const edited = editFailover(text, root, failover);
      splices.push(...edited.splices);
      changes.push(...edited.changes.map((line) => `pairs/pair[${index + 1}]/failover/${line}`));
    }
    return { splices, changes };
  },
});

function editFailover(
  text: string,
  root: XmlElement,
  failover: XmlElement,
): { splices: Splice[]; changes: string[] } {
  const budget = onlyChild(failover, "switchBudget");
  const window = onlyChild(failover, "switchBudgetWindow");
  const switchovers = budget === null ? "0" : wholeNumber(text, budget);
  const isPlain = childrenOf(failover, "switchBudget").length <= 1 && switchovers !== null;
  const isWindowPlain =
    childrenOf(failover, "switchBudgetWindow").length <= 1 &&
    (window === null || wholeNumber(text, window) !== null);
  if (!isPlain || !isWindowPlain || (budget === null && window === null)) return { splices: [], changes: [] };
  const removeWindow = window === null ? [] : [removeElement(text, window)];
  if (budget === null) {
    return { splices: removeWindow, changes: ["switchBudgetWindow goes: it meant nothing without a budget"] };
  }
  if (switchovers === "0") {
    return {
      splices: [removeElement(text, budget), ...removeWindow],
      changes: ["switchBudget 0 goes: without switchoverLimit there is no limit"],
    };
  }
  const { newline, unit } = layoutOf(text, root);
  const outer = indentAt(text, budget.start);
  const isOnLine = /^[ \t]*$/.test(text.slice(text.lastIndexOf("\n", budget.start - 1) + 1, budget.start));
  const inner = isOnLine ? `${newline}${outer}${unit}` : "";
  const parts = [`${inner}<switchovers>${contentOf(text, budget)}</switchovers>`];
  if (window !== null) parts.push(`${inner}<window>${contentOf(text, window)}</window>`);
  const tail = isOnLine ? `${newline}${outer}` : "";
  const replacement = `<switchoverLimit>${parts.join("")}${tail}</switchoverLimit>`;
  return {
    splices: [{ start: budget.start, end: budget.end, replacement }, ...removeWindow],
    changes: [
      window === null
        ? "switchBudget becomes switchoverLimit/switchovers"
        : "switchBudget and switchBudgetWindow become switchoverLimit/switchovers and switchoverLimit/window",
    ],
  };
}

/** As written, comments included. */
function contentOf(text: string, element: XmlElement): string {
  return text.slice(element.contentStart, element.contentEnd);
}

function wholeNumber(text: string, element: XmlElement): string | null {
  if (element.children.length > 0 || Object.keys(element.attributes).length > 0) return null;
  const value = readXmlValue(contentOf(text, element), element.contentStart);
  return value.ok && /^(0|[1-9][0-9]{0,14})$/.test(value.text) ? value.text : null;
}
