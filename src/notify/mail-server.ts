import { createTransport } from "nodemailer";
import { UnderstudyError } from "../core/error.ts";
import { type Mail, type MailServer, type MailTimeouts, mailTimeouts } from "./settings.ts";

/** One word of an SMTP dialogue; secrets are left out. */
export interface DialogueLine {
  readonly by: "client" | "server" | "note";
  readonly text: string;
}

/** What stands before a line, by who said it. */
export const dialogueMarks: Readonly<Record<DialogueLine["by"], string>> = Object.freeze({
  client: ">",
  server: "<",
  note: "-",
});

/** Lines of a dialogue that are kept, and characters of each. */
const longestDialogue = 200;
const longestLine = 500;

export interface SendOptions {
  /** Gets every word that was said. */
  readonly dialogue?: ((line: DialogueLine) => void) | undefined;
  readonly timeouts?: MailTimeouts | undefined;
  /** Breaks it off; the message may have been taken already. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Hands a message to a mail server.
 * @throws UnderstudyError MAIL_UNREACHABLE, MAIL_TIMEOUT, MAIL_LOGIN_REFUSED, MAIL_CERTIFICATE, MAIL_TLS, MAIL_REFUSED,
 * CANCELLED
 */
export async function sendMail(
  server: MailServer,
  mail: Mail,
  { dialogue = () => undefined, timeouts = mailTimeouts, signal }: SendOptions = {},
): Promise<void> {
  const password = server.password === null ? null : await server.password();
  let heard = 0;
  const hear = (line: DialogueLine): void => {
    heard += 1;
    if (heard <= longestDialogue) dialogue({ ...line, text: line.text.slice(0, longestLine) });
  };
  const transport = createTransport({
    host: server.host,
    port: server.port,
    secure: server.security === "tls",
    requireTLS: server.security === "startTls",
    ignoreTLS: server.security === "none",
    ...(server.user === null ? {} : { auth: { user: server.user, pass: password ?? "" } }),
    connectionTimeout: timeouts.connection,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.silence,
    dnsTimeout: timeouts.connection,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: dialogueLogger(hear),
    transactionLog: true,
    debug: true,
  } as Parameters<typeof createTransport>[0]);
  const late = AbortSignal.timeout(timeouts.whole);
  // the types do not know yet what the library takes: it ends the connection with the signal
  const message = {
    ...mail,
    to: [...mail.to],
    signal: signal ? AbortSignal.any([signal, late]) : late,
  } as Parameters<typeof transport.sendMail>[0];
  try {
    const sent = (await transport.sendMail(message)) as { readonly rejected?: readonly unknown[] };
    const { rejected = [] } = sent;
    if (rejected.length > 0) hear({ by: "note", text: `not accepted for ${rejected.join(", ")}` });
  } catch (error) {
    if (signal?.aborted) throw new UnderstudyError("CANCELLED", "The message was broken off.");
    if (!late.aborted) throw mailError(error, server);
    const failure = Object.assign(new Error(`no end after ${timeouts.whole} ms`), { code: "ETIMEDOUT" });
    throw mailError(failure, server);
  } finally {
    transport.close();
  }
}

/** The library tells a logger what is said; encoded user names and passwords are replaced by it or here. */
function dialogueLogger(hear: (line: DialogueLine) => void): object {
  let hidesNext = false;
  const log = (entry: { readonly tnx?: string } | undefined, ...message: unknown[]): void => {
    const text = message.map(String).join(" ").trim();
    if (entry?.tnx === "client" || entry?.tnx === "server") {
      const by = entry.tnx;
      for (const line of text.split(/\r?\n/)) {
        const isSecret = by === "client" && (hidesNext || /^AUTH (PLAIN|LOGIN|CRAM)\s+\S/i.test(line));
        hear({ by, text: isSecret ? line.replace(/^(AUTH \S+)?.*/i, "$1 (not shown)").trim() : line });
        hidesNext = by === "server" && line.startsWith("334");
      }
    }
  };
  return {
    trace: log,
    debug: log,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    fatal: () => undefined,
  };
}

interface LibraryError {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly message: string;
}

function mailError(error: unknown, server: MailServer): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  const { code = "", response, message } = error as LibraryError;
  const where = `mail server ${server.host}:${server.port}`;
  const named = (name: string, what: string): UnderstudyError =>
    new UnderstudyError(name, `${what} (${where}): ${(response ?? message).trim().replace(/\.$/, "")}.`, {
      cause: error,
    });
  if (/certificate|CERT_|self.signed|altnames/i.test(`${code} ${message}`)) {
    return named("MAIL_CERTIFICATE", "The mail server's certificate is not trusted");
  }
  switch (code) {
    case "EAUTH":
    case "ENOAUTH":
      return named("MAIL_LOGIN_REFUSED", "The mail server refuses user and password");
    case "ETLS":
      return named("MAIL_TLS", "The mail server offers no encryption, or it failed");
    case "ETIMEDOUT":
      return named("MAIL_TIMEOUT", "The mail server does not answer in time");
    case "ECONNECTION":
    case "ESOCKET":
    case "EDNS":
    case "ECONNREFUSED":
      return named("MAIL_UNREACHABLE", "The mail server cannot be reached");
    default:
      return named("MAIL_REFUSED", "The mail server did not take the message");
  }
}
