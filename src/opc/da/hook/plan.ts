import { UnderstudyError } from "../../../core/error.ts";
import type { Change } from "./change.ts";
import {
  classKey,
  daCategories,
  isClsid,
  marshalerCategory,
  originalsKey,
  progIdKey,
  proxyClassOf,
  proxyKey,
} from "./classes.ts";
import { Draft } from "./draft.ts";
import { findValue, numberValue, type Registry, textOf, textValue, type View } from "./registry.ts";

/** What the person who enables a pair decides about its registration. */
export interface HookChoices {
  /** Do not hand out the original server where no broker answers. Default false. */
  readonly forbidOriginal: boolean;
  /** May a server that is not installed here get a minimal local registration? Has to be asked for. */
  readonly allowMinimalRegistration: boolean;
  /** CLSID of the server, e.g. as its own machine tells it; needed only where it is not installed here. */
  readonly knownClsid: string | null;
}

/** What is to be hooked, from the project and from this installation. */
export interface HookRequest extends HookChoices {
  /** Name under which clients see the pair: the alias, else the ProgID of the server. */
  readonly name: string;
  /** ProgID of the underlying server; null where the members are no OPC DA servers. */
  readonly server: string | null;
  /** Machines of the members; `localhost` is this one. */
  readonly machines: readonly string[];
  /** The proxy's programs as this machine's COM starts them; null = not built for that bitness. */
  readonly programs: {
    readonly dll64: string;
    readonly dll32: string | null;
    readonly exe: string;
  };
}

export interface HookPlan {
  readonly name: string;
  /** The proxy's own class. */
  readonly clsid: string;
  /** CLSID of the original server; null where nobody knows it. */
  readonly original: string | null;
  /** The server is not installed here and gets what clients need to find it. */
  readonly isMinimalRegistration: boolean;
  readonly changes: readonly Change[];
}

const views: readonly View[] = [64, 32];
const threadingModel = textValue("Both");

/**
 * How the registry has to change so that clients which ask for the name get the proxy.
 *
 * The name leads to a class of the proxy's own, which has the DLL and the EXE. The original's class keeps its
 * LocalServer32 as long as a member of the pair runs on this machine: by it the broker's helper, clients of other
 * machines and the proxy without a broker reach the original. It gets the DLL as InprocServer32 and is no longer listed
 * in the categories, so that clients that kept the CLSID and ask for any context get the proxy, and browsers show the
 * server once.
 *
 * @throws UnderstudyError DA_HOOK_SERVER_NOT_INSTALLED, DA_HOOK_NAME_TAKEN, DA_HOOK_CLSID
 */
export async function planHook(registry: Registry, request: HookRequest): Promise<HookPlan> {
  const draft = new Draft(registry);
  const clsid = proxyClassOf(request.name);
  const { server } = request;
  const installed = server === null ? null : await clsidOf(draft, server);
  const isAlias = request.name.toLowerCase() !== server?.toLowerCase();
  const isMinimalRegistration = server !== null && installed === null;
  if (isMinimalRegistration && !request.allowMinimalRegistration) {
    throw new UnderstudyError(
      "DA_HOOK_SERVER_NOT_INSTALLED",
      `${server} is not installed on this machine; install it, or ask for a minimal local registration ` +
        "with --register-server",
    );
  }
  if (request.knownClsid !== null && !isClsid(request.knownClsid)) {
    throw new UnderstudyError(
      "DA_HOOK_CLSID",
      `"${request.knownClsid}" is no CLSID; give it as {XXXXXXXX-XXXX-...}`,
    );
  }
  if (isAlias) await refuseTakenName(draft, request.name, clsid);
  const original = installed ?? request.knownClsid;

  for (const view of views) await registerClass(draft, view, clsid, request);
  await writeProxySettings(draft, clsid, original, isMinimalRegistration, request);
  await pointName(draft, request.name, clsid, request.name);
  if (server !== null && !isAlias && original !== null) {
    await takeOverClass(draft, { progId: server, original, clsid, isInstalled: installed !== null }, request);
    await draft.setValue({ view: 64, path: originalsKey }, server, textValue(original));
  }
  return Object.freeze({
    name: request.name,
    clsid,
    original,
    isMinimalRegistration,
    changes: draft.changes,
  });
}

/** The class that a ProgID names now; null where there is none. */
async function clsidOf(draft: Draft, progId: string): Promise<string | null> {
  // Another pair on the same server may already lead the ProgID to its proxy.
  const kept = textOf(findValue(await draft.read(64, originalsKey), progId));
  if (kept !== null) return isInstalled(draft, kept);
  const found = textOf(findValue(await draft.read(64, `${progIdKey(progId)}\\CLSID`), ""));
  return found === null || !isClsid(found) ? null : isInstalled(draft, found);
}

async function isInstalled(draft: Draft, clsid: string): Promise<string | null> {
  for (const view of views) {
    const state = await draft.read(view, `${classKey(clsid)}\\LocalServer32`);
    if (state !== null) return clsid;
    // A service, or a server in a surrogate or on a machine that AppID names.
    if (textOf(findValue(await draft.read(view, classKey(clsid)), "AppID")) !== null) return clsid;
  }
  return null;
}

async function refuseTakenName(draft: Draft, name: string, clsid: string): Promise<void> {
  const taken = textOf(findValue(await draft.read(64, `${progIdKey(name)}\\CLSID`), ""));
  if (taken === null || taken.toLowerCase() === clsid.toLowerCase()) return;
  throw new UnderstudyError(
    "DA_HOOK_NAME_TAKEN",
    `the ProgID ${name} belongs to another class (${taken}) on this machine; choose another alias`,
  );
}

/** A class with the DLL and the EXE, listed in the categories of DA servers. */
async function registerClass(draft: Draft, view: View, clsid: string, request: HookRequest): Promise<void> {
  const path = classKey(clsid);
  const text = (key: string, name: string, value: string) =>
    draft.setValue({ view, path: key }, name, textValue(value));
  await text(path, "", `${request.name} (redundant)`);
  await text(`${path}\\ProgID`, "", request.name);
  await registerPrograms(draft, view, clsid, request, true);
  for (const category of daCategories) {
    await draft.makeKey({ view, path: `${path}\\Implemented Categories\\${category}` });
  }
}

async function registerPrograms(
  draft: Draft,
  view: View,
  clsid: string,
  { programs }: HookRequest,
  withExe: boolean,
): Promise<void> {
  const path = classKey(clsid);
  const dll = view === 64 ? programs.dll64 : programs.dll32;
  if (dll !== null) {
    const inproc = { view, path: `${path}\\InprocServer32` };
    await draft.setValue(inproc, "", textValue(dll));
    await draft.setValue(inproc, "ThreadingModel", threadingModel);
  }
  if (withExe) {
    const command = `"${programs.exe}" /class:${clsid}`;
    await draft.setValue({ view, path: `${path}\\LocalServer32` }, "", textValue(command));
    await draft.makeKey({ view, path: `${path}\\Implemented Categories\\${marshalerCategory}` });
  }
}

async function writeProxySettings(
  draft: Draft,
  clsid: string,
  original: string | null,
  isElsewhere: boolean,
  request: HookRequest,
): Promise<void> {
  const key = { view: 64, path: proxyKey(clsid) } as const;
  await draft.setValue(key, "Target", textValue(request.name));
  if (original !== null) await draft.setValue(key, "Original", textValue(original));
  const machine = isElsewhere ? request.machines.find((each) => !isThisMachine(each)) : undefined;
  if (machine !== undefined) await draft.setValue(key, "OriginalMachine", textValue(machine));
  if (request.forbidOriginal) await draft.setValue(key, "ForbidOriginal", numberValue(1));
}

async function pointName(draft: Draft, name: string, clsid: string, title: string): Promise<void> {
  const path = progIdKey(name);
  if ((await draft.read(64, path)) === null) await draft.setValue({ view: 64, path }, "", textValue(title));
  await draft.setValue({ view: 64, path: `${path}\\CLSID` }, "", textValue(clsid));
}

/** Clients that hold the original's CLSID: they get the proxy where COM lets us decide. */
async function takeOverClass(
  draft: Draft,
  taken: {
    readonly progId: string;
    readonly original: string;
    readonly clsid: string;
    readonly isInstalled: boolean;
  },
  request: HookRequest,
): Promise<void> {
  const { progId, original, clsid, isInstalled: isOriginalHere } = taken;
  // With a member on this machine its LocalServer32 must stay: nothing else leads to the original.
  const takesExe = !isOriginalHere || !request.machines.some(isThisMachine);
  const independent = textOf(
    findValue(await draft.read(64, `${classKey(original)}\\VersionIndependentProgID`), ""),
  );
  if (independent !== null && independent.toLowerCase() !== request.name.toLowerCase()) {
    const path = `${progIdKey(independent)}\\CLSID`;
    const now = textOf(findValue(await draft.read(64, path), ""));
    if (now?.toLowerCase() === original.toLowerCase())
      await draft.setValue({ view: 64, path }, "", textValue(clsid));
  }
  for (const view of views) {
    const isHere = (await draft.read(view, classKey(original))) !== null;
    if (!isHere && isOriginalHere) continue;
    if (!isHere) await draft.setValue({ view, path: `${classKey(original)}\\ProgID` }, "", textValue(progId));
    await registerPrograms(draft, view, original, request, takesExe);
    for (const category of daCategories) {
      await draft.removeKey({ view, path: `${classKey(original)}\\Implemented Categories\\${category}` });
    }
  }
  await writeProxySettings(draft, original, original, takesExe, request);
}

export function isThisMachine(machine: string): boolean {
  return ["", "localhost", "127.0.0.1", "::1"].includes(machine.toLowerCase());
}
