import { Store } from "./store.ts";

export const tabs = ["general", "monitoring", "diagnostics", "notifications"] as const;
export type Tab = (typeof tabs)[number];

export const serverTabs = [
  "general",
  "probes",
  "replication",
  "takeover",
  "diagnostics",
  "notifications",
] as const;
export type ServerTab = (typeof serverTabs)[number];

export type Route =
  | { readonly view: "pairs" }
  | { readonly view: "pair"; readonly pair: string; readonly tab: Tab }
  | { readonly view: "servers" }
  | { readonly view: "server"; readonly server: string; readonly tab: ServerTab }
  | { readonly view: "events" }
  | { readonly view: "project" };

export function parseRoute(hash: string): Route {
  const [view = "", name = "", tab = ""] = hash.replace(/^#\/?/, "").split("/");
  switch (view) {
    case "pair":
      return { view, pair: decodeURIComponent(name), tab: tabs.find((each) => each === tab) ?? "general" };
    case "server":
      return {
        view,
        server: decodeURIComponent(name),
        tab: serverTabs.find((each) => each === tab) ?? "general",
      };
    case "servers":
    case "events":
    case "project":
      return { view };
    default:
      return { view: "pairs" };
  }
}

export function hrefOf(route: Route): string {
  switch (route.view) {
    case "pair":
      return `#/pair/${encodeURIComponent(route.pair)}/${route.tab}`;
    case "server":
      return `#/server/${encodeURIComponent(route.server)}/${route.tab}`;
    default:
      return `#/${route.view}`;
  }
}

export const route = new Store<Route>(parseRoute(location.hash));

addEventListener("hashchange", () => route.set(parseRoute(location.hash)));
