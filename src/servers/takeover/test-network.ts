import { randomBytes } from "node:crypto";
import { UnderstudyError } from "../../core/error.ts";
import type { ServerSettings } from "../../project/server.ts";
import { completeBefore, type Step } from "../plan/step.ts";
import type { StepTools } from "./step-tools.ts";

/** Where iproute2 keeps its network namespaces. */
export const namespaces = "/run/netns";

const ipLimitMs = 10_000;

/** A name for the network of a test; iproute2 keeps them in a directory all processes of the machine share. */
export function testNamespace(): string {
  return `understudy-test-${randomBytes(4).toString("hex")}`;
}

/**
 * A network namespace that is connected to nothing, with the interfaces that the takeover names, each one end of a
 * pair whose other end is in there too: programs find an interface that works and nobody on it.
 */
export function testNetworkStep(server: ServerSettings, namespace: string, tools: StepTools): Step {
  const interfaces = [...new Set(server.takeover.addresses.map((each) => each.interface))];
  const ip = async (args: readonly string[], signal: AbortSignal): Promise<void> => {
    const { code, complaint } = await tools.runOutside({ program: "ip", args, timeoutMs: ipLimitMs, signal });
    if (code === 0 || /File exists/.test(complaint)) return;
    throw new UnderstudyError(
      "TEST_NETWORK_FAILED",
      `ip ${args.join(" ")}: ${complaint}. A test needs the right to make network namespaces (root, or CAP_SYS_ADMIN and CAP_NET_ADMIN)`,
    );
  };
  return {
    name: "test network",
    weight: 1,
    timeoutMs: 60_000,
    mayFail: false,
    interruptible: false,
    reverses: null,
    describe: () => `make the network namespace ${namespace}, cut off from the network`,
    prepare: () => Promise.resolve(null),
    check: completeBefore,
    do: async ({ signal }) => {
      await ip(["netns", "add", namespace], signal);
      await ip(["-n", namespace, "link", "set", "lo", "up"], signal);
      for (const [index, name] of interfaces.entries()) {
        const peer = `us-peer${index}`;
        await ip(["-n", namespace, "link", "add", name, "type", "veth", "peer", "name", peer], signal);
        await ip(["-n", namespace, "link", "set", name, "up"], signal);
        await ip(["-n", namespace, "link", "set", peer, "up"], signal);
      }
      return `made ${namespace}`;
    },
    undo: async ({ signal }) => {
      await endProcessesIn(namespace, tools, signal);
      const args = ["netns", "delete", namespace];
      const { code, complaint } = await tools.runOutside({
        program: "ip",
        args,
        timeoutMs: ipLimitMs,
        signal,
      });
      if (code !== 0 && !/No such file/.test(complaint)) {
        throw new UnderstudyError("TEST_NETWORK_FAILED", `ip ${args.join(" ")}: ${complaint}`);
      }
      return `removed ${namespace}`;
    },
  };
}

/** What the services of the test have left running in there; nothing else can be in this namespace. */
async function endProcessesIn(namespace: string, tools: StepTools, signal: AbortSignal): Promise<void> {
  const args = ["netns", "pids", namespace];
  const { code, output } = await tools.runOutside({ program: "ip", args, timeoutMs: ipLimitMs, signal });
  if (code !== 0) return;
  for (const pid of output
    .split("\n")
    .map(Number)
    .filter((each) => each > 1)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
