import { UnderstudyError } from "../../../core/error.ts";

/** Bytes that are no message of the protocol, or data that the protocol cannot carry. */
export class WireError extends UnderstudyError {
  constructor(message: string) {
    super("WIRE_MALFORMED", message);
  }
}
