import { UnderstudyError } from "../core/error.ts";
import {
  describePlan,
  describeUnhook,
  disableHook,
  enableHook,
  type Hook,
  recoverHooks,
} from "../opc/da/hook/hook.ts";
import { openRegistry } from "../opc/da/hook/hook-program.ts";
import { type HookInstallation, hookInstallation, hookRequestFor } from "../opc/da/hook/installation.ts";
import { fileHookJournal } from "../opc/da/hook/journal.ts";
import { type HookRequest, planHook } from "../opc/da/hook/plan.ts";
import type { Pair } from "../project/project.ts";
import type { GlobalOptions } from "./command.ts";

/** What a command may choose about the registration of the proxy. */
export interface HookChoices {
  readonly dryRun: boolean;
  /** `--register-server`: true, or the server's CLSID. */
  readonly registerServer: boolean | string;
  readonly forbidOriginal: boolean;
}

/** Whether this machine has a registry that leads DA clients: Windows, or the Wine prefix that is named. */
export function hasRegistry(environment: NodeJS.ProcessEnv = process.env): boolean {
  return process.platform === "win32" || environment["UNDERSTUDY_DA_WINE_PREFIX"] !== undefined;
}

/** Registers the proxy for a pair; returns what was or would be done, in lines. @throws UnderstudyError */
export async function hookPair(
  options: GlobalOptions,
  pair: Pair,
  choices: HookChoices,
): Promise<readonly string[]> {
  return withHook(options, async (hook, installation) => {
    const request: HookRequest = hookRequestFor(pair, installation, {
      forbidOriginal: choices.forbidOriginal,
      allowMinimalRegistration: choices.registerServer !== false,
      knownClsid: typeof choices.registerServer === "string" ? choices.registerServer : null,
    });
    if (choices.dryRun) return describePlan(await planHook(hook.registry, request));
    await recoverHooks(hook);
    return describePlan(await enableHook(hook, request));
  });
}

/** Restores what was there before the proxy; returns what was or would be done, in lines. @throws UnderstudyError */
export async function unhookPair(
  options: GlobalOptions,
  name: string,
  dryRun: boolean,
): Promise<readonly string[]> {
  return withHook(options, async (hook) => {
    const lines = await describeUnhook(hook, name);
    if (dryRun) return lines;
    const undone = await disableHook(hook, name);
    const left = undone?.left ?? [];
    return [...lines, ...left.map((line) => `left, as it was changed by somebody else: ${line}`)];
  });
}

async function withHook(
  options: GlobalOptions,
  action: (hook: Hook, installation: HookInstallation) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const winePrefix = process.env["UNDERSTUDY_DA_WINE_PREFIX"];
  const installation = hookInstallation({
    platform: process.platform,
    ...(winePrefix === undefined ? {} : { winePrefix }),
  });
  if (installation === null) {
    throw new UnderstudyError(
      "DA_HOOK_NOT_BUILT",
      "the proxy for OPC DA clients is not part of this installation; build it with npm run build:native",
    );
  }
  const registry = openRegistry(installation.program);
  try {
    return await action({ registry, journal: fileHookJournal(options.stateDirectory) }, installation);
  } finally {
    await registry.close();
  }
}
