import { UnderstudyError } from "../../core/error.ts";
import type { TakenAddress } from "../../project/server.ts";
import type { Memo, Step, StepIo } from "../plan/step.ts";
import { ownerOf } from "./duplicate-check.ts";
import { canonical, ipLimitMs, type NetworkInterface, readInterface } from "./network-interface.ts";
import type { StepTools } from "./step-tools.ts";

/**
 * Assumes the addresses of the live server: none of them is taken unless nobody on the network answers for any.
 * Undone, those that were on the interface before stay.
 */
export function addressStep(addresses: readonly TakenAddress[], tools: StepTools): Step {
  return {
    name: "addresses",
    weight: 5,
    timeoutMs: 30_000,
    mayFail: false,
    interruptible: false,
    reverses: null,
    describe: () => `assume ${addresses.map(textOf).join(", ")}`,
    prepare: async (io) => {
      const present = await presentOf(addresses, tools, io);
      return { present: present.map(textOf) };
    },
    check: async (io) => (await presentOf(addresses, tools, io)).length === addresses.length,
    do: (io) => assume(addresses, tools, io),
    undo: (io, memo) => giveUp(addresses, memo, tools, io),
  };
}

async function assume(addresses: readonly TakenAddress[], tools: StepTools, io: StepIo): Promise<string> {
  // Read once: every call of ip more is time without the address.
  const interfaces = await interfacesOf(addresses, tools, io);
  const absent = addresses.filter((each) => !isPresent(each, interfaces));
  io.progress(0, `asking whether ${absent.map(textOf).join(", ")} is in use`);
  await refuseDuplicates(absent, interfaces, tools, io);
  for (const each of absent) await add(each, tools, io);
  // Also those found present: a crash may have come between adding and announcing.
  await onEach(addresses, interfaces, (address, on) => tools.announcer.announce(address, on));
  return `assumed ${addresses.map(textOf).join(", ")}`;
}

type Interfaces = ReadonlyMap<string, NetworkInterface>;

/** The answers for all addresses, asked at the same time. */
function onEach<T>(
  addresses: readonly TakenAddress[],
  interfaces: Interfaces,
  ask: (address: string, on: NetworkInterface) => Promise<T>,
): Promise<readonly T[]> {
  return Promise.all(
    addresses.flatMap(({ address, interface: name }) => {
      const on = interfaces.get(name);
      return on === undefined ? [] : [ask(bareOf(address), on)];
    }),
  );
}

async function refuseDuplicates(
  addresses: readonly TakenAddress[],
  interfaces: Interfaces,
  tools: StepTools,
  io: StepIo,
): Promise<void> {
  const owners = await onEach(addresses, interfaces, (address, on) =>
    ownerOf(address, on, tools.run, io.signal),
  );
  const inUse = addresses.flatMap((each, index) => {
    const owner = owners[index];
    return owner === null || owner === undefined ? [] : [`${textOf(each)} (answered by ${owner})`];
  });
  if (inUse.length === 0) return;
  throw new UnderstudyError(
    "ADDRESS_IN_USE",
    `In use on the network: ${inUse.join(", ")}. The live server may be alive; no address was taken. Make sure that it is off, then try again`,
  );
}

async function add(taken: TakenAddress, tools: StepTools, io: StepIo): Promise<void> {
  const { address, interface: on } = taken;
  // The duplicate check was ours: the kernel's own would keep an IPv6 address unusable for seconds.
  const options = address.includes(":") ? ["nodad"] : [];
  const args = ["address", "add", address, "dev", on, ...options];
  const { code, complaint } = await tools.run({
    program: "ip",
    args,
    timeoutMs: ipLimitMs,
    signal: io.signal,
  });
  if (code === 0 || /File exists|already assigned/.test(complaint)) return;
  throw new UnderstudyError("ADDRESS_NOT_ADDED", `${textOf(taken)} cannot be added: ${complaint}`);
}

async function giveUp(
  addresses: readonly TakenAddress[],
  memo: Memo,
  tools: StepTools,
  io: StepIo,
): Promise<string> {
  const before = presentIn(memo);
  const ours = addresses.filter((each) => !before.includes(textOf(each)));
  for (const each of ours) tools.announcer.stop(bareOf(each.address));
  const present = await presentOf(ours, tools, io);
  for (const each of present) await remove(each, tools, io);
  return ours.length === 0 ? "they were here before and stay" : `gave up ${ours.map(textOf).join(", ")}`;
}

async function remove(taken: TakenAddress, tools: StepTools, io: StepIo): Promise<void> {
  const args = ["address", "delete", taken.address, "dev", taken.interface];
  const { code, complaint } = await tools.run({
    program: "ip",
    args,
    timeoutMs: ipLimitMs,
    signal: io.signal,
  });
  if (code === 0 || /Cannot assign requested address/.test(complaint)) return;
  throw new UnderstudyError(
    "ADDRESS_NOT_REMOVED",
    `${textOf(taken)} cannot be removed: ${complaint}. Remove it by hand before the live server comes back`,
  );
}

function presentIn(memo: Memo): readonly Memo[] {
  const present = typeof memo === "object" && memo !== null && "present" in memo ? memo["present"] : null;
  return Array.isArray(present) ? present : [];
}

/** Those of the addresses that are on their interfaces now, whatever their prefix length. */
async function presentOf(
  addresses: readonly TakenAddress[],
  tools: StepTools,
  io: StepIo,
): Promise<readonly TakenAddress[]> {
  const interfaces = await interfacesOf(addresses, tools, io);
  return addresses.filter((each) => isPresent(each, interfaces));
}

function isPresent({ address, interface: on }: TakenAddress, interfaces: Interfaces): boolean {
  return interfaces.get(on)?.addresses.has(canonical(bareOf(address))) ?? false;
}

async function interfacesOf(
  addresses: readonly TakenAddress[],
  tools: StepTools,
  io: StepIo,
): Promise<Interfaces> {
  const names = [...new Set(addresses.map(({ interface: on }) => on))];
  const found = await Promise.all(names.map((name) => readInterface(name, tools.run, io.signal)));
  return new Map(found.map((each) => [each.name, each]));
}

function bareOf(address: string): string {
  return address.split("/")[0] ?? address;
}

function textOf({ address, interface: on }: TakenAddress): string {
  return `${address} on ${on}`;
}
