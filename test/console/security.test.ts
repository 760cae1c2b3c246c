import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isOwnHost, isOwnOrigin } from "../../src/console/security/addresses.ts";
import { LoginLimiter } from "../../src/console/security/login-limiter.ts";
import { absoluteLimitMs, idleLimitMs, Sessions } from "../../src/console/security/sessions.ts";
import { password, TestConsole, user } from "./support.ts";

describe("the console's security", function () {
  this.timeout(30_000);
  let console_: TestConsole;
  beforeEach(async () => {
    console_ = await TestConsole.start();
  });
  afterEach(() => console_.stop());

  const enable = "/api/v1/pairs/Boiler/enable";
  const code = (answer: { json<T>(): T }): string => answer.json<{ code: string }>().code;

  it("lets anybody on this machine look, and nobody change anything without a login", async () => {
    assert.equal((await console_.ask("GET", "/api/v1/status")).status, 200);
    const refused = await console_.ask("POST", enable, {});
    assert.equal(refused.status, 401);
    assert.equal(code(refused), "CONSOLE_LOGIN_NEEDED");
    assert.deepEqual(console_.calls, []);
    assert.equal((await console_.login()).status, 200);
    assert.equal((await console_.ask("POST", enable, { reason: "maintenance is over" })).status, 200);
    assert.deepEqual(console_.calls, [["enable", "Boiler", `maintenance is over (${user})`]]);
  });

  it("ends with a logout", async () => {
    await console_.login();
    assert.equal((await console_.ask("DELETE", "/api/v1/session")).status, 200);
    await console_.refresh();
    assert.equal((await console_.ask("POST", enable, {})).status, 401);
  });

  it("refuses changes without the token of its pages, and from pages of other sites", async () => {
    await console_.login();
    const noToken = await console_.ask("POST", enable, {}, { "x-csrf-token": "" });
    assert.equal(noToken.status, 403);
    assert.equal(code(noToken), "CONSOLE_FORBIDDEN");
    const elsewhere = await console_.ask("POST", enable, {}, { origin: "http://evil.example" });
    assert.equal(elsewhere.status, 403);
    assert.deepEqual(console_.calls, []);
  });

  it("answers to no name that somebody else's DNS may have given it", async () => {
    const answer = await console_.ask("GET", "/api/v1/status", undefined, { host: "evil.example" });
    assert.equal(answer.status, 421);
    assert.equal(isOwnHost("127.0.0.1:48480", "127.0.0.1"), true);
    assert.equal(isOwnHost("[::1]:48480", "::1"), true);
    assert.equal(isOwnHost("localhost", "127.0.0.1"), true);
    assert.equal(isOwnHost("console.plant.example:443", "console.plant.example"), true);
    for (const host of [undefined, "", "evil.example", "127.0.0.1.evil.example"]) {
      assert.equal(isOwnHost(host, "127.0.0.1"), false, host);
    }
    assert.equal(isOwnOrigin("null", "localhost"), false);
    assert.equal(isOwnOrigin("http://localhost:1", "localhost:1"), true);
  });

  it("slows down who guesses passwords, and says so in an event", async () => {
    const answers: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++)
      answers.push((await console_.login(user, `wrong ${attempt}`)).status);
    assert.deepEqual(answers, [401, 401, 401, 429, 429]);
    const right = await console_.login();
    assert.equal(right.status, 429, "also with the right one: it must not be told apart");
    assert.match(String(right.headers["retry-after"]), /^\d+$/);
    assert.equal(console_.journal.query({ codes: ["consoleLoginFailed"] }).length, 3);
  });

  it("keeps no password, and what it keeps from other users' eyes", async () => {
    const file = join(dirname(console_.projectFile), "console-users.json");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const { readFileSync } = await import("node:fs");
    assert.equal(readFileSync(file, "utf8").includes(password), false);
  });

  it("gives its cookie to no script and to no other site, and its pages a strict policy", async () => {
    const answer = await console_.login();
    const [cookie = ""] = (answer.headers["set-cookie"] ?? []) as string[];
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Strict/);
    const policy = String((await console_.ask("GET", "/")).headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /frame-ancestors 'none'/);
  });

  it("bounds bodies, and gives nothing beside its pages", async () => {
    await console_.login();
    const large = await console_.ask("POST", enable, { reason: "x".repeat(2_000_000) });
    assert.equal(large.status, 413);
    assert.equal(code(large), "CONSOLE_BODY_TOO_LARGE");
    for (const path of [
      "/../package.json",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/assets/..%2f..%2fpackage.json",
      "/nothing",
    ]) {
      const answer = await console_.ask("GET", path);
      assert.equal(answer.status, 404, path);
      assert.equal(code(answer), "CONSOLE_NOT_FOUND");
    }
    const wrong = await console_.ask("POST", enable, "{ no json");
    assert.equal(wrong.status, 400);
    assert.equal(code(wrong), "CONSOLE_BAD_REQUEST");
  });

  it("ends sessions that are not used, and all after half a day", () => {
    let nowMs = 0;
    const sessions = new Sessions(() => nowMs);
    const session = sessions.create("a");
    nowMs += idleLimitMs;
    assert.ok(sessions.find(session.id));
    nowMs += idleLimitMs + 1;
    assert.equal(sessions.find(session.id), null);
    const busy = sessions.create("b");
    const endsMs = nowMs + absoluteLimitMs;
    for (; nowMs <= endsMs; nowMs += idleLimitMs / 2) sessions.find(busy.id);
    assert.equal(sessions.find(busy.id), null);
  });

  it("doubles the wait with each failure, up to five minutes, and forgives a success", () => {
    let nowMs = 0;
    const limiter = new LoginLimiter(() => nowMs);
    const waits = Array.from({ length: 15 }, () => {
      limiter.failed("a");
      return limiter.waitMs("a");
    });
    assert.deepEqual(waits.slice(0, 6), [0, 0, 1000, 2000, 4000, 8000]);
    assert.equal(waits.at(-1), 300_000);
    assert.equal(limiter.waitMs("b"), 0);
    nowMs += 300_000;
    assert.equal(limiter.waitMs("a"), 0);
    limiter.succeeded("a");
    limiter.failed("a");
    assert.equal(limiter.waitMs("a"), 0);
  });
});
