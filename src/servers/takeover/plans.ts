import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ServerSettings } from "../../project/server.ts";
import { reversed, type Step } from "../plan/step.ts";
import { addressStep } from "./address-step.ts";
import { commandStep } from "./command-step.ts";
import { dnsStep } from "./dns-step.ts";
import { liveStep } from "./live-step.ts";
import { replicateToLiveStep, stopReplicationStep } from "./replication-step.ts";
import { serviceStep } from "./service-step.ts";
import type { StepTools } from "./step-tools.ts";
import { namespaces, testNetworkStep } from "./test-network.ts";

/** The steps by which this machine stands in for the server, in their order. */
export function takeoverSteps(server: ServerSettings, tools: StepTools): readonly Step[] {
  const { stopSource, fence, preScript, assumeIpAddress, addresses, dns, postScript } = server.takeover;
  return [
    ...command(server, tools, "stop live server", "ask the live server to stop", stopSource, true),
    ...command(server, tools, "fence", "make sure that the live server is off", fence, false),
    stopReplicationStep(server, tools),
    ...command(server, tools, "pre-script", "run the script before the takeover", preScript, false),
    ...(assumeIpAddress ? [addressStep(addresses, tools)] : []),
    ...(dns === null ? [] : [dnsStep(dns, tools)]),
    ...serviceSteps(server, tools),
    ...command(server, tools, "post-script", "run the script after the takeover", postScript, false),
  ];
}

/** Each under a name of its own, also where the project calls two of them the same. */
function serviceSteps(server: ServerSettings, tools: StepTools): readonly Step[] {
  const { services } = server.takeover;
  return services.map((service, index) => {
    const isFirst = services.findIndex(({ name }) => name === service.name) === index;
    const name = isFirst ? `service ${service.name}` : `service ${service.name} (${index + 1})`;
    return serviceStep(name, service, server, tools);
  });
}

/** A takeover without what concerns others: the live server, the replication, the names. */
export function testSteps(server: ServerSettings, namespace: string, tools: StepTools): readonly Step[] {
  const { preScript, assumeIpAddress, addresses, dns, postScript } = server.takeover;
  const steps = [
    testNetworkStep(server, namespace, tools),
    ...command(server, tools, "pre-script", "run the script before the takeover", preScript, false),
    ...(assumeIpAddress ? [addressStep(addresses, tools)] : []),
    ...(dns === null ? [] : [dnsStep(dns, tools)]),
    ...serviceSteps(server, tools),
    ...command(server, tools, "post-script", "run the script after the takeover", postScript, false),
  ];
  // A takeover in earnest does not wait for a test.
  return steps.map((step) => ({ ...step, interruptible: true, undo: undoInNetwork(step, namespace) }));
}

/** What was done in a network that is gone (the machine was started anew) went with it. */
function undoInNetwork(step: Step, namespace: string): Step["undo"] {
  return (io, memo) =>
    existsSync(join(namespaces, namespace))
      ? step.undo(io, memo)
      : Promise.resolve("gone with the network of the test");
}

/**
 * Gives the role back. `taken` are the steps of the takeover that are in force, in their order. Only where the
 * takeover was whole is there anything to copy back, and a live server to wait for.
 */
export function failbackSteps(
  server: ServerSettings,
  taken: readonly Step[],
  wasWhole: boolean,
  tools: StepTools,
): readonly Step[] {
  const { preScript, postScript, replicateToLive } = server.failback;
  const back = taken.toReversed().map(reversed);
  const isService = ({ name }: Step): boolean => name.startsWith("undo service ");
  const hasCopies = server.replication.files.length + server.replication.databases.length > 0;
  return [
    ...command(server, tools, "failback pre-script", "run the script before the failback", preScript, false),
    // The services are stopped before the data go back, and the names and addresses follow the data.
    ...back.filter(isService),
    ...(replicateToLive && hasCopies && wasWhole ? [replicateToLiveStep(server, tools)] : []),
    ...back.filter((step) => !isService(step)),
    ...command(server, tools, "failback post-script", "run the script after the failback", postScript, false),
    ...(wasWhole ? [liveStep(server, tools)] : []),
  ];
}

function command(
  server: ServerSettings,
  tools: StepTools,
  name: string,
  purpose: string,
  settings: ServerSettings["takeover"]["fence"],
  mayFail: boolean,
): readonly Step[] {
  if (settings === null) return [];
  return [commandStep({ name, purpose, command: settings, mayFail }, server, tools)];
}
