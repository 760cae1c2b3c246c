import { UnderstudyError } from "../../core/error.ts";
import type { ServiceManager } from "./manager.ts";
import { dropRequest, isOwnRequest, readRequest, type ServiceRequest, writeRequest } from "./request.ts";

export type ServiceState = "installed" | "notInstalled" | "pendingInstall" | "pendingUninstall";

export interface ServiceStatus {
  readonly state: ServiceState;
  /** The service runs; null = the service manager cannot be asked. */
  readonly serviceRunning: boolean | null;
  /** A broker runs on the state directory, as a service or not. */
  readonly brokerRunning: boolean;
  readonly target: string;
}

export interface ServiceContext {
  readonly manager: ServiceManager;
  readonly stateDirectory: string;
  /** A broker runs on the state directory: a change waits until it has ended. */
  readonly brokerRunning: boolean;
  readonly now: Date;
}

/** What became of a request: carried out, or waiting until the broker that runs has ended. */
export type Outcome = "done" | "pending" | "nothingToDo";

/** Installs at once where no broker runs, else with the next start. Throws SERVICE_MANAGER_FAILED. */
export async function installService(context: ServiceContext, atOnce: boolean): Promise<Outcome> {
  const { manager } = context;
  const request = requestOf(context, "install", manager.content);
  if (context.brokerRunning && !atOnce) {
    await writeRequest(context.stateDirectory, request);
    return "pending";
  }
  await manager.install(manager.content);
  await dropRequest(context.stateDirectory);
  return "done";
}

/** As `installService`. A service that is not there has nothing to uninstall, but a request to install it goes. */
export async function uninstallService(context: ServiceContext, atOnce: boolean): Promise<Outcome> {
  const { manager, stateDirectory } = context;
  if (!(await manager.isInstalled())) {
    await dropRequest(stateDirectory);
    return "nothingToDo";
  }
  if (context.brokerRunning && !atOnce) {
    await writeRequest(stateDirectory, requestOf(context, "uninstall", ""));
    return "pending";
  }
  await manager.uninstall();
  await dropRequest(stateDirectory);
  return "done";
}

/** Takes a waiting request back. Throws SERVICE_NOTHING_PENDING. */
export async function cancelRequest(stateDirectory: string): Promise<ServiceRequest["request"]> {
  const pending = await readRequest(stateDirectory);
  if (pending === null) {
    throw new UnderstudyError(
      "SERVICE_NOTHING_PENDING",
      "no installation or uninstallation of the service waits, so there is nothing to cancel",
    );
  }
  await dropRequest(stateDirectory);
  return pending.request;
}

/**
 * Takes the service away if that waits. Of the request nothing is used but that there is one: the state directory
 * may belong to a user with fewer rights than whoever completes it. Throws SERVICE_MANAGER_FAILED.
 */
export async function completeUninstall(stateDirectory: string, manager: ServiceManager): Promise<boolean> {
  const pending = await readRequest(stateDirectory);
  if (pending?.request !== "uninstall") return false;
  await manager.uninstall();
  await dropRequest(stateDirectory);
  return true;
}

/**
 * Carries out what waits, if the user of this process has asked for it; null = nothing did.
 * Throws SERVICE_MANAGER_FAILED, in which case it goes on waiting.
 */
export async function completeRequest(
  stateDirectory: string,
  managerFor: (request: ServiceRequest) => ServiceManager,
): Promise<ServiceRequest["request"] | null> {
  const pending = await readRequest(stateDirectory);
  if (pending === null || !(await isOwnRequest(stateDirectory))) return null;
  const manager = managerFor(pending);
  if (pending.request === "install") await manager.install(manager.content);
  else await manager.uninstall();
  await dropRequest(stateDirectory);
  return pending.request;
}

export async function serviceStatus(context: Omit<ServiceContext, "now">): Promise<ServiceStatus> {
  const { manager, stateDirectory, brokerRunning } = context;
  const [isInstalled, serviceRunning, pending] = await Promise.all([
    manager.isInstalled(),
    manager.isRunning(),
    readRequest(stateDirectory),
  ]);
  const settled = isInstalled ? "installed" : "notInstalled";
  const waiting = pending?.request === "install" ? "pendingInstall" : "pendingUninstall";
  return {
    state: pending === null ? settled : waiting,
    serviceRunning,
    brokerRunning,
    target: manager.target,
  };
}

function requestOf(
  { manager, now }: ServiceContext,
  request: ServiceRequest["request"],
  content: string,
): ServiceRequest {
  const { target, scope } = manager;
  return { version: 1, request, requestedAt: now.toISOString(), content, target, scope };
}
