import type { MemberSettings } from "../../project/project.ts";
import type { DaServerPlace } from "./upstream/helper-servers.ts";

/** Where a member's server is: the pair's ProgID on the member's machine, unless `opcda://MACHINE/PROGID` says otherwise. */
export function daPlaceOf(member: MemberSettings, progId: string): DaServerPlace {
  const url = /^opcda:\/\/([^/]*)\/(.+)$/.exec(member.endpointUrl ?? "");
  const machine = url?.[1] ?? member.machine;
  return { id: url?.[2] ?? progId, machine: isThisMachine(machine) ? "" : machine };
}

/** For people and status: `opcda://machine/ProgID`. */
export function daUrlOf(member: MemberSettings, progId: string): string {
  const { id, machine } = daPlaceOf(member, progId);
  return `opcda://${machine === "" ? "localhost" : machine}/${id}`;
}

function isThisMachine(machine: string): boolean {
  return (
    machine === "" || machine.toLowerCase() === "localhost" || machine === "127.0.0.1" || machine === "::1"
  );
}
