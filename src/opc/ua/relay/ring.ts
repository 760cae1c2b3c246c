import { ArrivalRing } from "../../relay/arrival-ring.ts";

/** The last few seconds of one member's notifications for one subscription, unparsed. */
export class NotificationRing extends ArrivalRing<Buffer> {
  constructor(keepForMs: number) {
    super(keepForMs, (data) => data.length);
  }
}
