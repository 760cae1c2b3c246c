import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectControl } from "../../../src/control/client.ts";
import type { ConnectionMode } from "../../../src/core/policy.ts";
import { ProjectDocument } from "../../../src/project/project-document.ts";
import { rootElementName } from "../../../src/project/schema.ts";
import { Child } from "../child.ts";
import { freePort } from "../free-port.ts";
import { awaitCalm } from "../process-cpu.ts";
import type { OpenPath, PathSettings, Servers } from "./path.ts";

const startTimeoutMs = 20_000;
const linkTimeoutMs = 10_000;
const pairName = "Bench";

/** Through the broker, in a process of its own. */
export function openBroker(mode: ConnectionMode): OpenPath {
  return async (servers, settings) => {
    const directory = mkdtempSync(join(tmpdir(), "understudy-bench-"));
    const port = await freePort();
    const project = join(directory, "redundancymaster.xml");
    writeFileSync(project, projectText(mode, port, servers, settings));
    const state = join(directory, "state");
    installIdentity(state, settings.identityDirectory);
    const program = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));
    const options = ["--project", project, "--state-dir", state, "--json", "--quiet", "--enable-all"];
    try {
      const { child } = await Child.start(
        process.execPath,
        [program, "run", ...options],
        (line) => (line.startsWith('{"ready":true') ? line : null),
        startTimeoutMs,
      );
      return {
        endpointUrl: `opc.tcp://127.0.0.1:${port}/${pairName}`,
        pid: child.pid,
        ready: async () => {
          await linked(state, mode === "cold" ? 1 : 2);
          await awaitCalm(child.pid);
        },
        stop: async () => {
          await child.stop();
          rmSync(directory, { recursive: true, force: true });
        },
      };
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  };
}

/** A broker makes its key at its very first start; here that start has been. */
function installIdentity(state: string, identityDirectory: string): void {
  cpSync(join(identityDirectory, "own"), join(state, "pki", "own"), { recursive: true });
}

/** Resolves when a member is active and as many as wanted are linked. */
async function linked(stateDirectory: string, wanted: number): Promise<void> {
  const control = await connectControl(stateDirectory);
  try {
    const deadlineMs = performance.now() + linkTimeoutMs;
    while (performance.now() < deadlineMs) {
      const [pair] = await control.status();
      const up = pair?.members.filter((member) => member.link === "up").length ?? 0;
      if (pair?.active === "primary" && up >= wanted) return;
      await delay(20);
    }
  } finally {
    control.close();
  }
  throw new Error(`the broker did not link ${wanted} members within ${linkTimeoutMs} ms`);
}

function projectText(mode: ConnectionMode, port: number, servers: Servers, settings: PathSettings): string {
  const member = ({ endpointUrl }: { readonly endpointUrl: string }) => ({
    machine: "127.0.0.1",
    endpointUrl,
    securityPolicy: "None",
  });
  const empty = new ProjectDocument(`<${rootElementName} version="2"/>\n`, "redundancymaster.xml");
  return empty
    .withProject({
      version: 2,
      opcUa: { port, securityPolicies: ["None"], allowAnonymous: true },
      pairs: [
        {
          server: pairName,
          protocol: "opcua",
          primary: member(servers.primary),
          secondary: member(servers.secondary),
          connectionMode: mode,
          queryServerStatusInterval: settings.queryIntervalMs,
          queryServerStatusTimeout: settings.queryTimeoutMs,
        },
      ],
    })
    .toString();
}
