import type { Broker, BrokerOptions } from "../opc/broker.ts";

export type CreateBroker = (options: BrokerOptions) => Promise<Broker>;

/** Loads the broker's code when it is needed: the other commands are quicker and smaller without it. */
export type LoadBroker = () => Promise<CreateBroker>;
