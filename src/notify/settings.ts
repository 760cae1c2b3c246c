/** A mail server as it is reached. Times in ms. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** `none`: plain; `startTls`: encrypted from the greeting on, else not at all; `tls`: from the first byte. */
  readonly security: "none" | "startTls" | "tls";
  readonly user: string | null;
  /** The secret itself, asked for at each use; null = no login. */
  readonly password: (() => Promise<string>) | null;
}

export type MailServerRole = "primary" | "secondary";

/** Who is told of what, how, of one pair or of all. */
export interface NotificationRules {
  readonly enabled: boolean;
  readonly servers: Readonly<Record<MailServerRole, MailServer | null>>;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly header: string;
  readonly footer: string;
  /** Codes of the event catalogue. */
  readonly events: readonly string[];
}

/** A message ready to be sent. */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

/** Times after which a mail server counts as failed, in ms. */
export const mailTimeouts = Object.freeze({
  /** To be connected. */
  connection: 10_000,
  /** To say its greeting. */
  greeting: 10_000,
  /** Between two words of the dialogue. */
  silence: 15_000,
  /** For all of it. */
  whole: 45_000,
});

export type MailTimeouts = { readonly [Name in keyof typeof mailTimeouts]: number };
