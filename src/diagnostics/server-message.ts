import { duration } from "./duration.ts";
import type { ServerRecord } from "./server-record.ts";

/** The sentence for people on a record of a protected server. */
export function serverMessageOf(record: ServerRecord, name: string): string {
  const server = `'${name}'`;
  switch (record.kind) {
    case "serverWatched":
      return `Server ${server} is watched${reason(record.reason)}.`;
    case "serverNotWatched":
      return `Server ${server} is no longer watched${reason(record.reason)}.`;
    case "serverNotStarted":
      return `The watch over server ${server} could not be started: ${record.detail} (${record.code}).`;
    case "serverSuspended":
      return `The watch over server ${server} is suspended; its files are not copied${reason(record.reason)}.`;
    case "serverStopped":
      return `The watch over server ${server} and all copying from it are stopped${reason(record.reason)}.`;
    case "serverResumed":
      return `The watch over server ${server} is resumed${reason(record.reason)}.`;
    case "serverSuspect":
      return `Server ${server} has missed ${rounds(record.missed)}${after(record.detail)}.`;
    case "serverWell":
      return `Server ${server} answers.`;
    case "serverFailed":
      return `Server ${server} has failed: it missed ${rounds(record.missed)}${after(record.detail)}.`;
    case "serverCutOff":
      return `This machine is cut off: ${record.detail}. Server ${server} is not failed over.`;
    case "serverReachableAgain":
      return `This machine is no longer cut off; the watch over server ${server} goes on.`;
    case "serverProbeUndecided":
      return `It cannot be told whether server ${server} serves${after(record.detail)}.`;
    case "takeoverNeedsApproval":
      return `The takeover of server ${server} waits for approval${after(record.detail)}.`;
    case "takeoverApprovalWithdrawn":
      return `The takeover of server ${server} no longer waits for approval.`;
    case "takeoverStarted":
      return `The takeover of server ${server} begins${after(record.detail)}.`;
    case "takeoverDone":
      return `This machine stands in for server ${server} after ${duration(record.tookMs)}${after(record.detail)}.`;
    case "takeoverFailed":
      return `The takeover of server ${server} failed and ${record.rolledBack ? "was undone" : "stands as it is"}${after(record.detail)}.`;
    case "takeoverResumed":
      return `What was under way for server ${server} is carried on${after(record.detail)}.`;
    case "takeoverLocked":
      return `Nothing starts by itself for server ${server} until an operator acts.`;
    case "takeoverUnlocked":
      return `Takeovers of server ${server} start by themselves again${reason(record.reason)}.`;
    case "takeoverRefused":
      return `Refused for server ${server}: ${record.detail}${reason(record.reason)}.`;
    case "takeoverTested":
      return `The test of the takeover of server ${server} ${record.ok ? "went well" : "failed"}${after(record.detail)}.`;
    case "secondServerFailed":
      return `Server ${server} has failed while this machine stands in for '${record.standingInFor}'; nobody stands in for it.`;
    case "failbackStarted":
      return `The failback of server ${server} begins${after(record.detail)}.`;
    case "serverReset":
      return `Server ${server} has its role again after ${duration(record.tookMs)}${after(record.detail)}.`;
    case "failbackFailed":
      return `The failback of server ${server} failed${after(record.detail)}.`;
    case "replicationFailed":
      return `Copying ${record.copy} of server ${server} failed${after(record.detail)}.`;
    case "replicationRecovered":
      return `The copy ${record.copy} of server ${server} is complete${after(record.detail)}.`;
    case "replicationWarning":
      return `The copy ${record.copy} of server ${server} is not whole${after(record.detail)}.`;
    case "replicationDone":
      return `The copy ${record.copy} of server ${server} is done${after(record.detail)}.`;
    case "dailyReplicationFailed":
      return `The daily copy ${record.copy} of server ${server} failed${after(record.detail)}.`;
    case "replicationRolledBack":
      return `The copy ${record.copy} of server ${server} was rolled back${after(record.detail)}.`;
    default:
      return unknown(record);
  }
}

function unknown(record: never): string {
  return `Unknown event ${JSON.stringify(record)}`;
}

function rounds(missed: number): string {
  return missed === 1 ? "a round of probes" : `${missed} rounds of probes in a row`;
}

function after(detail: string): string {
  return detail === "" ? "" : `: ${detail.replace(/[.\s]+$/, "")}`;
}

function reason(text: string): string {
  return text === "" ? "" : ` (reason: ${text.replace(/[.\s]+$/, "")})`;
}
