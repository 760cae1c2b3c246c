import { openBroker } from "./broker.ts";
import { haproxyProgram, openHaproxy } from "./haproxy.ts";
import type { OpenPath, PathName } from "./path.ts";
import { openDirect, openRelay } from "./plain-paths.ts";

export function pathOpener(name: PathName): OpenPath {
  switch (name) {
    case "direct":
      return openDirect;
    case "relay":
      return openRelay;
    case "cold":
    case "warm":
    case "hot":
      return openBroker(name);
    case "haproxy":
      return openHaproxy;
  }
}

/** Why a path cannot be measured here; null = it can. */
export function whyNot(name: PathName): string | null {
  return name === "haproxy" && haproxyProgram() === null ? "haproxy is not installed" : null;
}
