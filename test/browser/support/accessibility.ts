import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * What speaks against the page by WCAG 2.2, levels A and AA, one line a fault (axe-core's rules). `only`: single
 * rules by their names, where the others have been seen to already.
 */
export async function accessibilityFaults(page: Page, only?: readonly string[]): Promise<readonly string[]> {
  // the policy of the console lets no script in but its own; the test's comes by another way
  await page.evaluate(`${axe}; undefined`);
  const rules = { type: only ? "rule" : "tag", values: only ?? standards };
  const run = `axe.run(document, { runOnly: ${JSON.stringify(rules)} }).then(({ violations }) => violations)`;
  const violations = (await page.evaluate(run)) as readonly Violation[];
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`),
  );
}
