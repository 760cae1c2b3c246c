import type { Broker, BrokerOptions } from "../opc/broker.ts";

export type CreateBroker = (options: BrokerOptions) => Promise<Broker>;

/**
 * Loads the broker's code when it is needed: the other commands are quicker and smaller without it.
 * `onLibraryLine` takes what the OPC UA library would write to the console.
 */
export type LoadBroker = (onLibraryLine: (message: string) => void) => Promise<CreateBroker>;
