import type { BrokerApi } from "../control/broker-api.ts";
import type { Clock } from "../diagnostics/clock.ts";
import type { ReportEvent } from "../diagnostics/event.ts";
import type { MachineState } from "../project/machine-state.ts";
import type { Project } from "../project/project.ts";

/** A broker as the process that runs it sees it. */
export interface RunnableBroker extends BrokerApi {
  start(): Promise<void>;
  /** Lets members and clients go. */
  stop(reason: string): Promise<void>;
}

export interface BrokerOptions {
  readonly project: Project;
  readonly projectFile: string;
  readonly stateDirectory: string;
  readonly machineState: MachineState;
  readonly report: ReportEvent;
  readonly clock: Clock;
}

export type CreateBroker = (options: BrokerOptions) => Promise<RunnableBroker>;

/** Loads the broker's code when it is needed: the other commands are quicker and smaller without it. */
export type LoadBroker = () => Promise<CreateBroker>;
