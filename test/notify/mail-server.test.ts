import assert from "node:assert/strict";
import type { UnderstudyError } from "../../src/core/error.ts";
import { type DialogueLine, sendMail } from "../../src/notify/mail-server.ts";
import type { MailServer } from "../../src/notify/settings.ts";
import { testNotification } from "../../src/notify/test-mail.ts";
import { rules, ScriptedServer, TestMailServer } from "./support.ts";

const timeouts = { connection: 10_000, greeting: 10_000, silence: 10_000, whole: 20_000 };
/** For servers that say nothing. */
const impatient = { ...timeouts, greeting: 300, silence: 300 };
const mail = { from: "a@plant.example", to: ["b@plant.example"], subject: "s", text: "t" };
const secret = "s3cr3t-word";

describe("sending mail", () => {
  let stops: (() => Promise<void>)[];
  beforeEach(() => {
    stops = [];
  });
  afterEach(async () => {
    await Promise.all(stops.map((stop) => stop()));
  });

  async function mailServer(...options: Parameters<typeof TestMailServer.start>): Promise<TestMailServer> {
    const server = await TestMailServer.start(...options);
    stops.push(() => server.stop());
    return server;
  }

  async function scripted(answer: (line: string | null) => string | null): Promise<MailServer> {
    const server = await ScriptedServer.start(answer);
    stops.push(() => server.stop());
    return { host: "127.0.0.1", port: server.port, security: "none", user: null, password: null };
  }

  function send(server: MailServer, dialogue?: DialogueLine[]): Promise<void> {
    return sendMail(server, mail, { dialogue: dialogue && ((line) => dialogue.push(line)), timeouts });
  }

  function codeOf(server: MailServer, patience = timeouts): Promise<string> {
    return sendMail(server, mail, { timeouts: patience }).then(
      () => "sent",
      (error: UnderstudyError) => error.code,
    );
  }

  it("hands the message over, to all recipients", async () => {
    const server = await mailServer();
    await sendMail(server.settings(), { ...mail, to: ["b@plant.example", "c@plant.example"] }, { timeouts });
    assert.match(server.received[0] ?? "", /^To: b@plant.example, c@plant.example\r$/m);
  });

  it("logs in, and shows neither user nor password in the dialogue", async () => {
    const server = await mailServer({
      authOptional: false,
      onAuth: ({ username, password }, _session, done) =>
        password === secret && username ? done(null, { user: username }) : done(new Error("wrong")),
    });
    const login = { user: "broker", password: async () => secret };
    const dialogue: DialogueLine[] = [];
    await send(server.settings(login), dialogue);
    assert.equal(server.received.length, 1);
    const said = dialogue.map(({ text }) => text).join("\n");
    assert.match(said, /235/);
    for (const hidden of [
      secret,
      Buffer.from(secret).toString("base64"),
      Buffer.from(`\0broker\0${secret}`).toString("base64"),
    ]) {
      assert.equal(said.includes(hidden), false, said);
    }
    assert.equal(
      await codeOf(server.settings({ ...login, password: async () => "other" })),
      "MAIL_LOGIN_REFUSED",
    );
  });

  it("refuses a certificate that is not trusted, with STARTTLS and with TLS", async () => {
    const startTls = await mailServer({ disabledCommands: [] });
    assert.equal(await codeOf(startTls.settings({ security: "startTls" })), "MAIL_CERTIFICATE");
    const tls = await mailServer({ secure: true });
    assert.equal(await codeOf(tls.settings({ security: "tls" })), "MAIL_CERTIFICATE");
    assert.equal(startTls.received.length + tls.received.length, 0);
  });

  it("sends nothing in the clear where encryption is wanted and not offered", async () => {
    const server = await mailServer();
    assert.equal(await codeOf(server.settings({ security: "startTls" })), "MAIL_TLS");
    assert.equal(server.received.length, 0);
  });

  it("gives up on servers that refuse, hang or are busy, and says which it was", async () => {
    const refused = await mailServer();
    await refused.stop();
    stops = [];
    assert.equal(await codeOf(refused.settings()), "MAIL_UNREACHABLE");
    assert.equal(await codeOf(await scripted(() => null), impatient), "MAIL_TIMEOUT");
    assert.equal(
      await codeOf(await scripted((line) => (line === null ? "220 hello" : null)), impatient),
      "MAIL_TIMEOUT",
    );
    assert.equal(await codeOf(await scripted(() => "421 4.3.2 too busy")), "MAIL_REFUSED");
    const noRecipient = await mailServer({
      onRcptTo: (_address, _session, done) => done(new Error("no such user")),
    });
    assert.equal(await codeOf(noRecipient.settings()), "MAIL_REFUSED");
  });

  it("tests both servers and shows what each said", async () => {
    const good = await mailServer();
    const bad = await scripted((line) => (line === null ? "220 hello" : "554 5.7.1 go away"));
    const tests = await testNotification(
      rules({ enabled: false, servers: { primary: bad, secondary: good.settings() } }),
      "Boiler",
      { timeouts },
    );
    assert.deepEqual(
      tests.map(({ server, error }) => [server, error?.code ?? null]),
      [
        ["primary", "MAIL_REFUSED"],
        ["secondary", null],
      ],
    );
    assert.ok(tests[0]?.dialogue.some(({ by, text }) => by === "server" && text.includes("554 5.7.1")));
    assert.match(good.received[0] ?? "", /test of the notifications of Boiler/);
  });

  it("breaks a test off when asked, and lets the server go", async () => {
    const silent = await ScriptedServer.start((line) => (line === null ? "220 hello" : null));
    stops.push(() => silent.stop());
    const primary = {
      host: "127.0.0.1",
      port: silent.port,
      security: "none",
      user: null,
      password: null,
    } as const;
    const abort = new AbortController();
    const steps: string[] = [];
    const [test] = await testNotification(rules({ servers: { primary, secondary: null } }), null, {
      timeouts,
      signal: abort.signal,
      progress(step) {
        steps.push(step);
        if (step.includes("EHLO")) abort.abort();
      },
    });
    assert.equal(test?.error?.code, "CANCELLED");
    assert.ok(steps.includes("primary < 220 hello"), steps.join("\n"));
    await silent.left;
  });

  it("refuses a test without server, sender or recipient and says what is missing", async () => {
    await assert.rejects(testNotification(rules({ from: "", to: [] }), null), {
      code: "NOTIFICATION_INCOMPLETE",
      message: /mail server.*sender.*recipient/,
    });
  });
});
