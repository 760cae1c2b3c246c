import type { StatusCode } from "node-opcua";

/** A service that is answered with a ServiceFault. */
export class ServiceFailure extends Error {
  readonly status: StatusCode;

  constructor(status: StatusCode) {
    super(status.name);
    this.status = status;
  }
}
