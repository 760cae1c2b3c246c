import { setTimeout as delay } from "node:timers/promises";
import { duration } from "../../src/diagnostics/duration.ts";
import { endpointUrlOf } from "../../src/project/policy.ts";
import { type Pair, type Project, pairName } from "../../src/project/project.ts";
import { readProject } from "../../src/project/project-file.ts";
import { BrokerProcess } from "./broker-process.ts";
import { BrokerView } from "./broker-view.ts";
import type { Narrator } from "./narrator.ts";
import type { DemoOptions } from "./options.ts";
import { Plant, type Ports } from "./plant.ts";
import { requireFree } from "./ports.ts";
import { steps } from "./steps.ts";
import { runTour, summary } from "./tour.ts";
import { publishingIntervalMs, Watcher, watchedItems } from "./watcher.ts";

const startTimeoutMs = 15_000;
const lineIntervalMs = 1000;
/** How long the client is watched before anything is done, in ms. */
const calmMs = 2000;

/** Runs the demo until it is over or `signal` ends it. @throws Error where something does not go as it should. */
export async function runDemo(options: DemoOptions, narrator: Narrator, signal: AbortSignal): Promise<void> {
  const { project } = await readProject(options.projectFile);
  const pair = project.pairs[0];
  if (!pair) throw new Error(`${options.projectFile} has no pair; the demo shows the first one`);
  const ports = { primary: portOf(pair, "primary"), secondary: portOf(pair, "secondary") };
  const { host, port } = project.opcUa;
  await requireFree([
    { host, port, who: "the broker" },
    { host: "127.0.0.1", port: ports.primary, who: "the primary" },
    { host: "127.0.0.1", port: ports.secondary, who: "the secondary" },
  ]);
  const ends: (() => Promise<unknown>)[] = [];
  const stopAll = async () => {
    for (const end of ends.reverse()) await end().catch(() => undefined);
  };
  try {
    await perform(options, { project, pair, ports }, narrator, signal, ends);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await stopAll();
  }
}

interface Cast {
  readonly project: Project;
  readonly pair: Pair;
  readonly ports: Ports;
}

/** Pushes to `ends` how each thing it starts is ended. */
async function perform(
  options: DemoOptions,
  { project, pair, ports }: Cast,
  narrator: Narrator,
  signal: AbortSignal,
  ends: (() => Promise<unknown>)[],
): Promise<void> {
  const aborted = rejectionOf(signal);
  const go = <T>(work: Promise<T>): Promise<T> => Promise.race([work, aborted]);
  const name = pairName(pair);

  narrator.heading("Understudy: one server fails, the other one goes on, and the client does not notice.");
  narrator.say("Starting two simulated OPC UA servers, the broker and a client ...");
  const plant = await Plant.start(ports);
  ends.push(() => plant.stop());
  signal.throwIfAborted();
  const broker = await BrokerProcess.start(options.projectFile);
  ends.push(() => broker.stop());
  const failed = broker.exited.then((said) => {
    throw new Error(`The broker ended, which it should not: ${said}`);
  });
  failed.catch(() => undefined);
  signal.throwIfAborted();
  const view = await go(BrokerView.open(broker.stateDirectory, name));
  ends.push(async () => view.close());
  await go(view.settled("primary", startTimeoutMs));
  const endpointUrl = broker.endpointUrls.find((url) => url.endsWith(`/${name}`)) ?? "";
  const watcher = await go(Watcher.connect(endpointUrl));
  ends.push(() => watcher.close());

  narrator.line(
    "plant",
    `primary at ${endpointUrlOf(pair.primary)} (process ${plant.pid("primary")}), secondary at ${endpointUrlOf(pair.secondary)} (process ${plant.pid("secondary")})`,
  );
  narrator.line("broker", `${name} at ${endpointUrl}, mode ${pair.connectionMode} (process ${broker.pid})`);
  narrator.line(
    "client",
    `subscribed to ${watchedItems} values that change every 100 ms, published every ${publishingIntervalMs} ms`,
  );
  const calm = watcher.span();
  await go(delay(calmMs));
  const silence = duration(calm.seen().longestSilenceMs);
  calm.end();
  narrator.line("client", `longest silence without any failure: ${silence}`);

  const lines = printLines(watcher, view, narrator);
  ends.push(async () => lines.stop());
  const stage = { plant, switchOver: view.switchOver.bind(view) };
  const results = await go(Promise.race([runTour(steps, { stage, view, watcher, narrator }), failed]));

  narrator.heading("The tour is over. What the client saw:");
  for (const row of summary(results)) narrator.row(row);
  narrator.say(
    `The client connected ${watcher.reconnections === 0 ? "once and never again" : `again ${watcher.reconnections} times`}.`,
  );
  if (options.once) return;

  tellHowToJoin(project, broker, plant, narrator);
  plant.keepRunning((role, pid) => narrator.line("plant", `the ${role} was started again (process ${pid})`));
  view.onEvent((event) => narrator.line("broker", event.message));
  await go(failed);
}

function tellHowToJoin(project: Project, broker: BrokerProcess, plant: Plant, narrator: Narrator): void {
  narrator.heading("Everything goes on running until Ctrl-C. Join with any OPC UA client:");
  for (const [index, url] of broker.endpointUrls.entries()) {
    narrator.row(`${url}  (${project.pairs[index]?.connectionMode ?? ""})`);
  }
  narrator.say(
    "Security None, anonymous; this works on this machine only. Values are below Objects/Simulation.",
  );
  narrator.say("To end a server and see what happens (it is started again after two seconds):");
  narrator.row(`kill -9 ${plant.pid("primary")}`);
  narrator.say("To look at the broker and to operate it, in another window in this directory:");
  const command = `npm run -s understudy -- --state-dir ${broker.stateDirectory}`;
  for (const rest of [
    "pair status",
    "events --limit 10",
    `switchover ${project.pairs[0] ? pairName(project.pairs[0]) : ""}`,
  ]) {
    narrator.row(`${command} ${rest}`);
  }
  narrator.blank();
}

/** One line a second about what the client sees. */
function printLines(watcher: Watcher, view: BrokerView, narrator: Narrator): { stop(): void } {
  let span = watcher.span();
  let isBusy = false;
  const print = async () => {
    if (isBusy) return;
    isBusy = true;
    const active = await view.status().then(
      (status) => (status.active === null ? "no server" : `the ${status.active}`),
      () => "?",
    );
    const { values, bad, longestSilenceMs } = span.seen();
    span.end();
    span = watcher.span();
    const quality = bad === 0 ? "" : `, ${bad} of them bad`;
    const text = `Ramp0 ${watcher.newest}, ${values} values a second${quality}`;
    narrator.line("client", `${text}, longest silence ${duration(longestSilenceMs)}, from ${active}`);
    isBusy = false;
  };
  const timer = setInterval(() => void print(), lineIntervalMs);
  return { stop: () => clearInterval(timer) };
}

function portOf(pair: Pair, role: "primary" | "secondary"): number {
  return Number(new URL(endpointUrlOf(pair[role])).port);
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("the demo was ended")), { once: true });
  });
  promise.catch(() => undefined);
  return promise;
}
