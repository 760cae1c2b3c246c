import type { SwitchoverAnswer } from "../../src/control/broker-api.ts";
import type { Role } from "../../src/core/role.ts";
import type { Plant } from "./plant.ts";

/** What a step can do something to. */
export interface Stage {
  readonly plant: Plant;
  /** An operator's command to the broker. */
  switchOver(to: Role, reason: string): Promise<SwitchoverAnswer>;
}

/** One stop of the tour: something is done, and the broker is expected to make `to` active. */
export interface Step {
  /** A few words, for the table at the end. */
  readonly name: string;
  /** What is done and what it stands for in a plant. */
  readonly what: string;
  readonly to: Role;
  act(stage: Stage): Promise<unknown>;
  /** Before the next step, when the switchover has been seen. */
  after?(stage: Stage): Promise<unknown>;
}

/** Time between the announcement of a shutdown and its end, in ms. */
const shutdownNoticeMs = 1000;

export const steps: readonly Step[] = Object.freeze([
  {
    name: "primary killed",
    what: "The primary server's process is killed (kill -9), as by a crash or a power cut. Its connections break at once.",
    to: "secondary",
    act: ({ plant }) => plant.kill("primary"),
  },
  {
    name: "primary back",
    what: "The primary is started again. The project says alwaysReconnectToPrimary, so the broker goes back to it.",
    to: "primary",
    act: ({ plant }) => plant.restart("primary"),
  },
  {
    name: "primary hangs",
    what:
      "The primary stands still (SIGSTOP): its connections stay open, but nothing is answered any more. Only the " +
      "status query, every 250 ms with a time limit of 250 ms, can tell.",
    to: "secondary",
    act: ({ plant }) => plant.hang("primary"),
  },
  {
    name: "primary goes on",
    what: "The primary goes on where it stopped (SIGCONT), and is asked again.",
    to: "primary",
    act: ({ plant }) => plant.release(),
  },
  {
    name: "bad quality",
    what:
      "The primary loses its devices: it answers as before, but all its values have bad quality. The monitor item " +
      "_System.Quality with the trigger badQuality notices.",
    to: "secondary",
    act: ({ plant }) => plant.setQuality("primary", false),
  },
  {
    name: "good quality",
    what: "The devices are back, the quality is good again.",
    to: "primary",
    act: ({ plant }) => plant.setQuality("primary", true),
  },
  {
    name: "watchdog frozen",
    what:
      "The primary's watchdog value no longer changes, as when a control program has stopped. The monitor item " +
      "_System.Watchdog with the trigger noChange allows 2000 ms between two changes. The other values go on meanwhile.",
    to: "secondary",
    act: ({ plant }) => plant.freezeWatchdog("primary", true),
  },
  {
    name: "watchdog runs",
    what: "The watchdog runs again.",
    to: "primary",
    act: ({ plant }) => plant.freezeWatchdog("primary", false),
  },
  {
    name: "primary shut down",
    what: "The primary is stopped in good order for maintenance: it announces its shutdown one second ahead.",
    to: "secondary",
    act: ({ plant }) => plant.shutDown("primary", shutdownNoticeMs),
    after: ({ plant }) => plant.ended("primary"),
  },
  {
    name: "primary back",
    what: "After the maintenance the primary is started again.",
    to: "primary",
    act: ({ plant }) => plant.restart("primary"),
  },
  {
    name: "operator",
    what:
      "An operator switches over to the secondary by hand (understudy switchover). The pair stays there until the " +
      "operator says otherwise, although the primary is well.",
    to: "secondary",
    act: ({ switchOver }) => switchOver("secondary", "a look at the secondary"),
  },
  {
    name: "operator, back",
    what: "And back again by hand.",
    to: "primary",
    act: ({ switchOver }) => switchOver("primary", "the look is over"),
  },
] satisfies readonly Step[]);
