import { ServerState, StatusCodes } from "node-opcua";
import type { MemberSettings } from "../../../project/project.ts";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import { chooseEndpoint, discoverEndpoints } from "./discovery.ts";
import { readServerState } from "./server-object.ts";
import { openUpstreamSession } from "./session.ts";
import { ServiceError } from "./upstream-session.ts";

/** The caller's signal ends it far earlier; a limit of its own for callers without one. */
const limitMs = 60_000;

/**
 * The state a server tells of itself, e.g. `Running`, read in an anonymous session without security. A server that
 * admits none such, but answers, counts as `Running`: that it serves its endpoints is all that can be asked of it.
 * @throws ServiceError where the server does not answer
 */
export async function askServerState(
  endpointUrl: string,
  application: ApplicationIdentity,
  signal: AbortSignal,
): Promise<string> {
  const endpoints = await discoverEndpoints(endpointUrl, { application, timeoutMs: limitMs, signal });
  if (chooseEndpoint(endpoints, "None") === null) return ServerState[ServerState.Running];
  const member: MemberSettings = {
    machine: endpointUrl,
    endpointUrl,
    securityPolicy: "None",
    trustServerCertificate: false,
    user: null,
  };
  const options = {
    sessionName: "Understudy probe",
    identity: { kind: "anonymous" },
    sessionTimeoutMs: limitMs,
    localeIds: [],
    openTimeoutMs: limitMs,
    signal,
  } as const;
  try {
    const session = await openUpstreamSession(member, options, application);
    try {
      return ServerState[await readServerState(session, limitMs)] ?? "Unknown";
    } finally {
      void session.close();
    }
  } catch (error) {
    if (isNotAdmitted(error)) return ServerState[ServerState.Running];
    throw error;
  }
}

function isNotAdmitted(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  const refusals = [
    StatusCodes.BadIdentityTokenRejected,
    StatusCodes.BadIdentityTokenInvalid,
    StatusCodes.BadUserAccessDenied,
  ];
  return (
    error.code === "USER_TOKEN_UNSUPPORTED" || refusals.some(({ value }) => value === error.statusCode.value)
  );
}
