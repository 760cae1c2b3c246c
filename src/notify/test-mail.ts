import { UnderstudyError } from "../core/error.ts";
import { composeTest } from "./compose.ts";
import { type DialogueLine, dialogueMarks, sendMail } from "./mail-server.ts";
import type { MailServerRole, MailTimeouts, NotificationRules } from "./settings.ts";

/** What became of a test through one mail server. */
export interface MailTest {
  readonly server: MailServerRole;
  readonly host: string;
  readonly port: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Every word that was said; without secrets. */
  readonly dialogue: readonly DialogueLine[];
}

export interface TestMailOptions {
  readonly timeouts?: MailTimeouts | undefined;
  /** Breaks the test off; each server's outcome is then CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every word as it is said. */
  readonly progress?: ((step: string) => void) | undefined;
}

/**
 * Sends a test message through each mail server that is set, enabled or not.
 * @throws UnderstudyError NOTIFICATION_INCOMPLETE where sender, recipient or server is missing
 */
export async function testNotification(
  rules: NotificationRules,
  pair: string | null,
  options: TestMailOptions = {},
): Promise<readonly MailTest[]> {
  const missing = [
    ...((rules.servers.primary ?? rules.servers.secondary) ? [] : ["a mail server (primarySmtp)"]),
    ...(rules.from === "" ? ["a sender (from)"] : []),
    ...(rules.to.length === 0 ? ["a recipient (to)"] : []),
  ];
  if (missing.length > 0) {
    throw new UnderstudyError(
      "NOTIFICATION_INCOMPLETE",
      `No test can be sent: the notifications of ${pair ?? "the project"} lack ${missing.join(", ")}.`,
    );
  }
  const mail = composeTest(rules, pair);
  const roles = (["primary", "secondary"] as const).filter((role) => rules.servers[role] !== null);
  return await Promise.all(
    roles.map(async (role): Promise<MailTest> => {
      const server = rules.servers[role] as NonNullable<(typeof rules.servers)[typeof role]>;
      const dialogue: DialogueLine[] = [];
      const hear = (line: DialogueLine): void => {
        dialogue.push(line);
        options.progress?.(`${role} ${dialogueMarks[line.by]} ${line.text}`);
      };
      const { timeouts, signal } = options;
      const error = await sendMail(server, mail, { dialogue: hear, timeouts, signal }).then(
        () => null,
        (failure: unknown) => ({
          code: failure instanceof UnderstudyError ? failure.code : "INTERNAL",
          message: failure instanceof Error ? failure.message : String(failure),
        }),
      );
      return { server: role, host: server.host, port: server.port, error, dialogue };
    }),
  );
}
