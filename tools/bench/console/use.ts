import type { Page } from "playwright-core";

interface Interaction {
  readonly name: string;
  /** JavaScript that is true in the page once the effect is there. */
  readonly shown: string;
  readonly act: (page: Page) => Promise<void>;
}

const heading = (text: string): string =>
  `document.querySelector("h1")?.textContent === ${JSON.stringify(text)}`;
const click = (selector: string) => (page: Page) => page.locator(selector).click();
const tab = (name: string): Interaction => ({
  name: `tab ${name}`,
  shown: `document.querySelector(".tabs [aria-current]")?.textContent === ${JSON.stringify(name)}`,
  act: click(`.tabs a:text-is("${name}")`),
});
const view = (name: string): Interaction => ({
  name: `view ${name}`,
  shown: heading(name),
  act: click(`header nav a:text-is("${name}")`),
});

/** One round through the console, as somebody in a hurry uses it. */
export function round(pair: string): readonly Interaction[] {
  return [
    view("Pairs"),
    {
      name: "sort on",
      shown: `document.querySelector("main input[type=checkbox]").checked`,
      act: click("main input[type=checkbox]"),
    },
    {
      name: "sort off",
      shown: `!document.querySelector("main input[type=checkbox]").checked`,
      act: click("main input[type=checkbox]"),
    },
    {
      name: "find",
      shown: `document.querySelectorAll(".pairs tbody tr").length < 20`,
      act: async (page) => {
        await page.locator("main input[type=search]").focus();
        await page.keyboard.insertText(pair);
      },
    },
    { name: "open pair", shown: heading(pair), act: click(`.pairs a:text-is("${pair}")`) },
    tab("Monitoring"),
    tab("Diagnostics"),
    tab("Notifications"),
    tab("General"),
    view("Events"),
    {
      name: "filter text",
      shown: `/^0 of/.test(document.querySelector(".toolbar .count").textContent)`,
      act: async (page) => {
        await page.locator("main input[type=search]").focus();
        await page.keyboard.insertText("no such text");
      },
    },
    {
      name: "filter off",
      shown: `!/^0 of/.test(document.querySelector(".toolbar .count").textContent)`,
      act: (page) => page.locator("main input[type=search]").fill(""),
    },
    {
      name: "follow off",
      shown: `!document.querySelector("main input[type=checkbox]").checked`,
      act: click("main input[type=checkbox]"),
    },
    {
      name: "open event",
      shown: `document.querySelector("dialog[open]") !== null`,
      act: click(".events .event >> nth=2"),
    },
    {
      name: "close event",
      shown: `document.querySelector("dialog[open]") === null`,
      act: (page) => page.keyboard.press("Escape"),
    },
    {
      name: "follow on",
      shown: `document.querySelector("main input[type=checkbox]").checked`,
      act: click("main input[type=checkbox]"),
    },
    view("Servers"),
    view("Project"),
  ];
}

/** Does one thing and waits until its effect is painted. */
export async function interact(page: Page, { name, shown, act }: Interaction): Promise<void> {
  await page.evaluate(`bench.arm(${JSON.stringify(name)}, () => ${shown})`);
  await act(page);
  await page.evaluate("benchDone");
}
