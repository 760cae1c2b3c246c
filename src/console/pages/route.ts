import { Store } from "./store.ts";

export type Tab = "general" | "monitoring" | "diagnostics" | "notifications";
export const tabs: readonly Tab[] = ["general", "monitoring", "diagnostics", "notifications"];

export type Route =
  | { readonly view: "pairs" }
  | { readonly view: "pair"; readonly pair: string; readonly tab: Tab }
  | { readonly view: "events" }
  | { readonly view: "project" };

export function parseRoute(hash: string): Route {
  const [view = "", name = "", tab = ""] = hash.replace(/^#\/?/, "").split("/");
  switch (view) {
    case "pair":
      return {
        view: "pair",
        pair: decodeURIComponent(name),
        tab: tabs.find((each) => each === tab) ?? "general",
      };
    case "events":
    case "project":
      return { view };
    default:
      return { view: "pairs" };
  }
}

export function hrefOf(route: Route): string {
  return route.view === "pair" ? `#/pair/${encodeURIComponent(route.pair)}/${route.tab}` : `#/${route.view}`;
}

export const route = new Store<Route>(parseRoute(location.hash));

addEventListener("hashchange", () => route.set(parseRoute(location.hash)));
