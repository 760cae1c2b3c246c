import type { Following } from "../control/broker-api.ts";
import { UnderstudyError } from "../core/error.ts";
import type { Clock } from "../diagnostics/clock.ts";
import type { ReportEvent } from "../diagnostics/event.ts";
import { Notifier } from "../notify/notifier.ts";
import type { MailServer, NotificationRules } from "../notify/settings.ts";
import { type MailTest, testNotification } from "../notify/test-mail.ts";
import { type NotificationSettings, type Project, pairName, type SmtpSettings } from "../project/project.ts";
import { resolveSecret } from "../project/secret.ts";

/** The rules for events of a pair or a protected server: its own, else the project's; null = events of the broker itself. */
export function notificationRulesOf(
  project: Project,
  projectFile: string,
  pair: string | null,
): NotificationRules {
  const own =
    project.pairs.find((each) => pairName(each) === pair)?.notifications ??
    project.servers.find((each) => each.name === pair)?.notifications ??
    null;
  return rulesFrom(own ?? project.notifications, projectFile);
}

function rulesFrom(settings: NotificationSettings, projectFile: string): NotificationRules {
  const { enabled, from, to, subject, header, footer, events } = settings;
  const serverOf = (smtp: SmtpSettings | null): MailServer | null => {
    if (smtp === null) return null;
    const { host, port, security, user, password } = smtp;
    const context = { environment: process.env, projectFile };
    return {
      host,
      port,
      security,
      user,
      password: password === null ? null : () => resolveSecret(password, context),
    };
  };
  return {
    enabled,
    servers: { primary: serverOf(settings.primarySmtp), secondary: serverOf(settings.secondarySmtp) },
    from,
    to,
    subject,
    header,
    footer,
    events,
  };
}

/** Sends mail about the events of a running broker, by the rules of the project that is in force. */
export function createNotifier(options: {
  readonly clock: Clock;
  readonly projectFile: string;
  readonly project: () => Project;
  readonly report: () => ReportEvent;
}): Notifier {
  return new Notifier({
    clock: options.clock,
    rulesOf: (pair) => notificationRulesOf(options.project(), options.projectFile, pair),
    report: (record, pair) => options.report()(record, { pair, server: pair, machine: null, client: null }),
  });
}

/**
 * Sends a test message by the rules of a pair or a protected server, or of the project.
 * Throws PAIR_UNKNOWN, NOTIFICATION_INCOMPLETE.
 */
export async function testNotificationOf(
  project: Project,
  projectFile: string,
  name: string | null,
  following: Following = {},
): Promise<readonly MailTest[]> {
  const names = [...project.pairs.map(pairName), ...project.servers.map((server) => server.name)];
  const known = names.find((each) => each.toLowerCase() === name?.toLowerCase()) ?? null;
  if (name !== null && known === null) {
    throw new UnderstudyError("PAIR_UNKNOWN", `There is no pair or server '${name}' in the project.`);
  }
  return await testNotification(notificationRulesOf(project, projectFile, known), known, following);
}
