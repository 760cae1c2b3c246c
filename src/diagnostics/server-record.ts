/**
 * What protected servers report. The event's `pair` is the name of the server, its `machine` the server's address.
 * `detail` is one line for people, without a full stop.
 */
export type ServerRecord =
  | { readonly kind: "serverWatched"; readonly reason: string }
  | { readonly kind: "serverNotWatched"; readonly reason: string }
  | { readonly kind: "serverNotStarted"; readonly code: string; readonly detail: string }
  | { readonly kind: "serverSuspended"; readonly reason: string }
  | { readonly kind: "serverStopped"; readonly reason: string }
  | { readonly kind: "serverResumed"; readonly reason: string }
  | { readonly kind: "serverSuspect"; readonly missed: number; readonly detail: string }
  | { readonly kind: "serverWell" }
  | { readonly kind: "serverFailed"; readonly missed: number; readonly detail: string }
  | { readonly kind: "serverCutOff"; readonly detail: string }
  | { readonly kind: "serverReachableAgain" }
  | { readonly kind: "serverProbeUndecided"; readonly detail: string }
  | { readonly kind: "takeoverNeedsApproval"; readonly detail: string }
  | { readonly kind: "takeoverApprovalWithdrawn" }
  | { readonly kind: "takeoverStarted"; readonly detail: string }
  | { readonly kind: "takeoverDone"; readonly tookMs: number; readonly detail: string }
  | { readonly kind: "takeoverFailed"; readonly rolledBack: boolean; readonly detail: string }
  | { readonly kind: "takeoverResumed"; readonly detail: string }
  | { readonly kind: "takeoverLocked" }
  | { readonly kind: "takeoverUnlocked"; readonly reason: string }
  | { readonly kind: "takeoverRefused"; readonly detail: string; readonly reason: string }
  | { readonly kind: "takeoverTested"; readonly ok: boolean; readonly detail: string }
  | { readonly kind: "secondServerFailed"; readonly standingInFor: string }
  | { readonly kind: "failbackStarted"; readonly detail: string }
  | { readonly kind: "serverReset"; readonly tookMs: number; readonly detail: string }
  | { readonly kind: "failbackFailed"; readonly detail: string }
  | { readonly kind: "replicationFailed"; readonly copy: string; readonly detail: string }
  | { readonly kind: "replicationRecovered"; readonly copy: string; readonly detail: string }
  | { readonly kind: "replicationWarning"; readonly copy: string; readonly detail: string }
  | { readonly kind: "replicationDone"; readonly copy: string; readonly detail: string }
  | { readonly kind: "dailyReplicationFailed"; readonly copy: string; readonly detail: string }
  | { readonly kind: "replicationRolledBack"; readonly copy: string; readonly detail: string };

export type ServerRecordKind = ServerRecord["kind"];
