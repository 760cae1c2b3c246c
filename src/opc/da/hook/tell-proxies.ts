import { UnderstudyError } from "../../../core/error.ts";
import { openRegistry } from "./hook-program.ts";
import { hookInstallation } from "./installation.ts";
import { type RegistryStep, textValue } from "./registry.ts";

/** Where the broker listens for proxies, and what they have to prove. */
export interface BrokerPlace {
  readonly endpoint: string;
  readonly token: string;
}

/** @throws (rejects) UnderstudyError DA_HOOK_NOT_BUILT, DA_HOOK_REGISTRY */
export type TellProxies = (place: BrokerPlace) => Promise<void>;

/** Where proxies look for the broker (native/wire/PROTOCOL.md, "The proxy leg"). */
export function brokerSteps({ endpoint, token }: BrokerPlace): readonly RegistryStep[] {
  const key = { view: 64, path: "SOFTWARE\\Understudy\\Broker" } as const;
  return [
    { kind: "put", ...key, name: "Endpoint", value: textValue(endpoint) },
    { kind: "put", ...key, name: "Token", value: textValue(token) },
  ];
}

/**
 * Writes into the registry of the Wine prefix where the broker listens, as a broker on Linux has a port of the moment
 * and a token. Null on Windows: proxies know the pipe, and what else an administrator set stays as it is.
 */
export function proxyTeller(platform: NodeJS.Platform, winePrefix: string | undefined): TellProxies | null {
  if (platform === "win32" || winePrefix === undefined) return null;
  return async (place) => {
    const installation = hookInstallation({ platform, winePrefix });
    if (installation === null) {
      throw new UnderstudyError(
        "DA_HOOK_NOT_BUILT",
        "there is no understudy-hook.exe; npm run build:native makes it",
      );
    }
    const registry = openRegistry(installation.program);
    try {
      for (const step of brokerSteps(place)) await registry.apply(step);
    } finally {
      await registry.close();
    }
  };
}
