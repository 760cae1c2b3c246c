import assert from "node:assert/strict";
import type { DiagnosticEvent, HostRecord } from "../../src/diagnostics/event.ts";
import { composeMail } from "../../src/notify/compose.ts";
import { Notifier, queueLimit } from "../../src/notify/notifier.ts";
import type { NotificationRules } from "../../src/notify/settings.ts";
import { anEvent } from "../diagnostics/helpers.ts";
import { rules, ScriptedServer, TestMailServer } from "./support.ts";

const timeouts = { connection: 10_000, greeting: 10_000, silence: 10_000, whole: 20_000 };

function event(fields: Partial<DiagnosticEvent> = {}): DiagnosticEvent {
  return { id: 1, ...anEvent({ code: "promoted", message: "Promoted 'Boiler'.", ...fields }) };
}

describe("notifications", () => {
  let primary: TestMailServer;
  let secondary: TestMailServer;
  let notifier: Notifier;
  let reported: (HostRecord & { readonly pair: string | null })[];
  let told: () => void;

  beforeEach(async () => {
    [primary, secondary] = await Promise.all([TestMailServer.start(), TestMailServer.start()]);
  });
  afterEach(async () => {
    await notifier.close(5000);
    await Promise.all([primary.stop(), secondary.stop()]);
  });

  function start(own: NotificationRules = bothServers(), ofOther: NotificationRules = own): void {
    reported = [];
    told = () => undefined;
    notifier = new Notifier({
      clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
      rulesOf: (pair) => (pair === "Other" ? ofOther : own),
      report: (record, pair) => {
        reported.push({ ...record, pair });
        told();
      },
      timeouts,
    });
  }

  function bothServers(): NotificationRules {
    return rules({ servers: { primary: primary.settings(), secondary: secondary.settings() } });
  }

  async function untilReported(count: number): Promise<void> {
    while (reported.length < count) {
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    }
  }

  it("sends the events that were chosen, of pairs that are to be notified of", async () => {
    start(bothServers(), { ...bothServers(), enabled: false });
    notifier.take(event({ code: "clientConnected" }));
    notifier.take(event({ pair: "Other" }));
    notifier.take(event());
    await primary.untilReceived(1);
    assert.equal(primary.received.length, 1);
    const [text = ""] = primary.received;
    assert.match(text, /^Subject: Understudy notification - Boiler: promoted\r$/m);
    assert.match(text, /Plant 7[\s\S]*Promoted 'Boiler'\.[\s\S]*Machine: +plc-a[\s\S]*Call 4711/);
  });

  it("says why a switchover happened, and since when", () => {
    const causes = [
      { kind: "statusQuery", text: "2 status queries were not answered", since: "2026-01-01T00:00:00.000Z" },
    ] as const;
    const { text } = composeMail(rules(), event({ causes }), 1);
    assert.match(
      text,
      /Why:\n- 2 status queries were not answered, since 202\d-\d\d-\d\d \d\d:\d\d:\d\d\.000 [+-]\d\d:\d\d/,
    );
  });

  it("lets nobody add headers by a name", () => {
    const { subject, text } = composeMail(
      rules(),
      event({ pair: "x\r\nBcc: all@plant.example", client: "a\nb" }),
      1,
    );
    assert.equal(/[\r\n]/.test(subject), false);
    assert.match(text, /Client: +a b/);
  });

  it("uses the secondary server when the primary fails, and keeps it until it fails in turn", async () => {
    const { port } = primary;
    await primary.stop();
    start();
    notifier.take(event());
    await secondary.untilReceived(1);
    await untilReported(1);
    assert.deepEqual(
      reported.map(({ kind }) => kind),
      ["notificationServerChanged"],
    );

    primary = await TestMailServer.start({}, port);
    notifier.take(event({ code: "connectionLost" }));
    await secondary.untilReceived(2);
    assert.equal(primary.received.length, 0);

    await secondary.stop();
    notifier.take(event({ pair: "Second" }));
    await primary.untilReceived(1);
    await untilReported(2);
    secondary = await TestMailServer.start();
  });

  it("logs in with the password that is named now, not with the one that was named first", async () => {
    const guarded = await TestMailServer.start({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ password }, _session, done) =>
        password === "new" ? done(null, { user: "broker" }) : done(new Error("refused")),
    });
    const own = (password: string): NotificationRules => ({
      ...bothServers(),
      servers: {
        primary: guarded.settings({ user: "broker", password: () => Promise.resolve(password) }),
        secondary: null,
      },
    });
    start(own("old"), own("new"));
    notifier.take(event());
    await untilReported(1);
    notifier.take(event({ pair: "Other" }));
    await guarded.untilReceived(1);
    assert.equal(reported.length, 1);
    await guarded.stop();
  });

  it("drops a message that no server takes, says so, and sends no mail about that", async () => {
    await Promise.all([primary.stop(), secondary.stop()]);
    const chosen = ["promoted", "notificationFailed"];
    start({ ...bothServers(), events: chosen });
    notifier.take(event());
    await untilReported(1);
    const [record] = reported;
    assert.equal(record?.kind, "notificationFailed");
    assert.equal(record?.pair, "Boiler");
    assert.match(
      record?.kind === "notificationFailed" ? record.detail : "",
      /primary: .*MAIL_UNREACHABLE.*secondary: /,
    );
    notifier.take(event({ code: "notificationFailed" }));
    [primary, secondary] = await Promise.all([TestMailServer.start(), TestMailServer.start()]);
    await notifier.close(5000);
    assert.equal(primary.received.length + secondary.received.length, 0);
    assert.equal(reported.length, 1);
  });

  it("holds a storm together, and sends what is held when it ends", async () => {
    start();
    for (let id = 1; id <= 500; id++) notifier.take(event({ id }));
    await primary.untilReceived(1);
    await notifier.close(5000);
    assert.equal(primary.received.length, 2);
    assert.match(primary.received[1] ?? "", /promoted \(499 times\)/);
  });

  it("tells of every message that the end came before, whether a server has its first words or not", async () => {
    const hanging = await ScriptedServer.start(() => null);
    const own = rules({ servers: { primary: primary.settings({ port: hanging.port }), secondary: null } });
    start(own);
    notifier.take(event());
    notifier.take(event({ code: "connectionLost" }));
    notifier.take(event({ code: "connectionLost" }));
    await hanging.entered;
    await notifier.close(50);
    assert.deepEqual(
      reported.map((record) => [record.pair, record.kind === "notificationFailed" ? record.event : ""]),
      [
        ["Boiler", "promoted"],
        ["Boiler", "connectionLost"],
        ["Boiler", "connectionLost"],
      ],
    );
    const [underWay, waiting, held] = reported.map((record) => ("detail" in record ? record.detail : ""));
    assert.match(underWay ?? "", /stopped while .* may have it/);
    assert.match(waiting ?? "", /stopped before/);
    assert.match(held ?? "", /stopped before/);
    await hanging.left;
    await hanging.stop();
    assert.equal(reported.length, 3, "each is told once");
  });

  it("takes events in no time while a mail server hangs, and bounds what waits", async () => {
    const hanging = await ScriptedServer.start(() => null);
    const server = {
      host: "127.0.0.1",
      port: hanging.port,
      security: "none",
      user: null,
      password: null,
    } as const;
    start(rules({ servers: { primary: server, secondary: null } }));
    const beganMs = performance.now();
    for (let pair = 0; pair < queueLimit + 10; pair++) notifier.take(event({ pair: `P${pair}` }));
    const tookMs = performance.now() - beganMs;
    assert.ok(tookMs < 2000, `${tookMs} ms for ${queueLimit + 10} events`);
    assert.ok(reported.filter(({ kind }) => kind === "notificationFailed").length >= 9);
    const closingMs = performance.now();
    await notifier.close(200);
    assert.ok(performance.now() - closingMs < 5000);
    await hanging.stop();
  });
});
