import { UnderstudyError } from "../core/error.ts";
import { sendMail } from "./mail-server.ts";
import type { Mail, MailServer, MailServerRole, MailTimeouts } from "./settings.ts";

type MailServers = Readonly<Record<MailServerRole, MailServer | null>>;

/** What became of a message. */
export type DeliveryOutcome =
  | { readonly kind: "sent"; readonly by: MailServerRole }
  /** Sent by the other server than the one in use, which is in use from now on. */
  | { readonly kind: "sentByOther"; readonly by: MailServerRole; readonly detail: string }
  | { readonly kind: "dropped"; readonly detail: string };

/**
 * Delivers through the mail server in use, and through the other one where that fails; the one that worked stays
 * in use until it fails in turn (seed: Notifications).
 */
export class Delivery {
  readonly #timeouts: MailTimeouts | undefined;
  #inUse: MailServerRole = "primary";

  constructor(timeouts?: MailTimeouts) {
    this.#timeouts = timeouts;
  }

  /** Never rejects. `signal` breaks it off; the message may have been taken already. */
  async deliver(servers: MailServers, mail: Mail, signal: AbortSignal): Promise<DeliveryOutcome> {
    const first = servers.primary === null ? "secondary" : this.#inUse;
    const failure = await this.#try(first, servers, mail, signal);
    if (failure === null) return { kind: "sent", by: first };
    const other = first === "primary" ? "secondary" : "primary";
    if (servers[other] === null || signal.aborted) return { kind: "dropped", detail: `${first}: ${failure}` };
    const second = await this.#try(other, servers, mail, signal);
    if (second !== null) return { kind: "dropped", detail: `${first}: ${failure}; ${other}: ${second}` };
    this.#inUse = other;
    return { kind: "sentByOther", by: other, detail: `${first}: ${failure}` };
  }

  /** null = sent; else why not, with its code. */
  async #try(
    role: MailServerRole,
    servers: MailServers,
    mail: Mail,
    signal: AbortSignal,
  ): Promise<string | null> {
    const server = servers[role];
    if (server === null) return "no server is set";
    try {
      await sendMail(server, mail, { timeouts: this.#timeouts, signal });
      return null;
    } catch (error) {
      const code = error instanceof UnderstudyError ? error.code : "INTERNAL";
      const message = error instanceof Error ? error.message : String(error);
      return `${message.replace(/\.$/, "")} (${code})`;
    }
  }
}
