import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ConflictAnswer, ProjectAnswer } from "../../src/console/contract.ts";
import type { Answer } from "./console-client.ts";
import { TestConsole, user } from "./support.ts";

describe("the console given what it should not be", function () {
  this.timeout(60_000);
  let console_: TestConsole;
  let before: string;
  beforeEach(async () => {
    console_ = await TestConsole.start();
    await console_.login();
    before = content();
  });
  afterEach(() => console_.stop());

  const content = () => readFileSync(console_.projectFile, "utf8");
  const version = async () => (await console_.ask("GET", "/api/v1/project")).json<ProjectAnswer>().version;

  function refused(answer: Answer, status: number, code: string | RegExp, what: string): void {
    assert.equal(answer.status, status, `${what}: ${answer.text.slice(0, 200)}`);
    const error = answer.json<{ code: string; message: string }>();
    assert.match(error.code, typeof code === "string" ? new RegExp(`^${code}$`) : code, what);
    assert.ok(error.message.length > 10, `${what} is explained`);
    assert.doesNotMatch(error.message, /\bat .*\.(ts|js):|node_modules/, `${what} shows no inside`);
  }

  it("serves nothing for paths that try to leave its pages", async () => {
    for (const path of [
      "/%2e%2e/%2e%2e/etc/passwd",
      "/assets/%2e%2e%2f%2e%2e%2fpackage.json",
      "/assets/..%5c..%5cpackage.json",
      "//etc/passwd",
      "/assets/%00",
      "/.%00/",
      "/api/v1/../../package.json",
      "/API/V1/status",
    ]) {
      const answer = await console_.ask("GET", path);
      refused(answer, 404, "CONSOLE_NOT_FOUND", path);
    }
    refused(await console_.ask("GET", "/assets/%zz"), 400, "CONSOLE_BAD_REQUEST", "a broken escape");
  });

  it("takes a name in a path as a name, whatever is in it", async () => {
    for (const name of [
      "a%2Fb",
      "%2e%2e%2f%2e%2e",
      "%00",
      "__proto__",
      "constructor",
      "%F0%9F%92%A5",
      "<script>".replaceAll("<", "%3C"),
      "x".repeat(400),
    ]) {
      for (const path of [`/api/v1/pairs/${name}/history`, `/pairs/${name}/primary`]) {
        refused(await console_.ask("GET", path), 404, "PAIR_UNKNOWN", path);
      }
      refused(await console_.ask("GET", `/servers/${name}/live`), 404, "SERVER_UNKNOWN", name);
      const suspended = await console_.ask("POST", `/api/v1/pairs/${name}/suspend`, {});
      refused(suspended, 404, "PAIR_UNKNOWN", name);
      const removed = await console_.ask("DELETE", `/api/v1/project/pairs/${name}`, undefined, {
        "if-match": await version(),
      });
      refused(removed, 404, "PAIR_UNKNOWN", name);
    }
    const long = await console_.ask("GET", `/pairs/${"x".repeat(2000)}/primary`);
    refused(long, 400, "CONSOLE_BAD_REQUEST", "a long name");
    assert.equal(content(), before);
  });

  it("refuses an upload that is no project, and keeps the one it has", async () => {
    const wrong = (xml: string | Uint8Array, type = "application/xml") =>
      version().then((known) =>
        console_.ask("POST", "/api/v1/project/import", xml, { "content-type": type, "if-match": known }),
      );
    const entity = `<!DOCTYPE redundancymaster [<!ENTITY x SYSTEM "file:///etc/hostname">]>`;
    const laughs = `<!DOCTYPE a [<!ENTITY a "ha">${Array.from({ length: 30 }, (_, i) => `<!ENTITY a${i} "${`&a${i - 1};`.repeat(10)}">`).join("")}]>`;
    const root = `<redundancymaster version="2"/>`;
    refused(await wrong(entity + root), 400, "PROJECT_DOCTYPE_REFUSED", "an external entity");
    refused(await wrong(laughs + root), 400, "PROJECT_DOCTYPE_REFUSED", "a billion laughs");
    refused(await wrong(Buffer.from(`\ufeff${root}`, "utf16le")), 400, "PROJECT_ENCODING_INVALID", "UTF-16");
    const latin = Buffer.from(before.replace("<server>Boiler", "<server>Kesselw\u00e4rme"), "latin1");
    refused(await wrong(latin), 400, "PROJECT_ENCODING_INVALID", "bytes that are no UTF-8");
    refused(await wrong("<a>".repeat(100_000)), 400, /^PROJECT_/, "deep nesting");
    refused(await wrong("<redundancymaster"), 400, /^PROJECT_/, "broken XML");
    refused(await wrong(""), 400, /^(PROJECT_|CONSOLE_BAD_REQUEST)/, "nothing");
    refused(await wrong("\0\u0001\u0002"), 400, /^PROJECT_/, "control characters");
    refused(await wrong(`<html><body/></html>`), 400, /^PROJECT_/, "something else");
    refused(await wrong(`{"project":{}}`, "application/json"), 400, "CONSOLE_BAD_REQUEST", "JSON");
    refused(await wrong(root, "text/plain"), 400, "CONSOLE_BAD_REQUEST", "another content type");
    refused(await wrong(root + " ".repeat(5_000_000)), 413, "CONSOLE_BODY_TOO_LARGE", "too much");
    assert.equal(content(), before);
    assert.deepEqual(console_.calls, []);
  });

  it("refuses bodies that are not what they should be", async () => {
    const post = async (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      console_.ask("POST", "/api/v1/pairs/Boiler/suspend", body, headers);
    const known = await version();
    refused(await post("{ no json"), 400, "CONSOLE_BAD_REQUEST", "broken JSON");
    refused(await post("[]"), 400, "CONSOLE_BAD_REQUEST", "a list");
    refused(await post(`"text"`), 400, "CONSOLE_BAD_REQUEST", "a text");
    refused(await post(`{"reason":{"a":1}}`), 400, "CONSOLE_BAD_REQUEST", "an object for a text");
    refused(await post(`{"reason":"x","admin":true}`), 400, "CONSOLE_BAD_REQUEST", "more than there is");
    refused(await post(`{"__proto__":{"reason":"x"}}`), 400, "CONSOLE_BAD_REQUEST", "a prototype");
    refused(await post(`{"reason":"${"x".repeat(501)}"}`), 400, "CONSOLE_BAD_REQUEST", "a long reason");
    refused(
      await post("reason=x", { "content-type": "application/x-www-form-urlencoded" }),
      400,
      "CONSOLE_BAD_REQUEST",
      "a form",
    );
    refused(
      await post(`{"reason":"x"}`, { "content-type": "text/plain" }),
      400,
      "CONSOLE_BAD_REQUEST",
      "a text type",
    );
    refused(await post(`{"reason":"${"x".repeat(1_100_000)}"}`), 413, "CONSOLE_BODY_TOO_LARGE", "too much");
    const put = (body: unknown) => console_.ask("PUT", "/api/v1/project", body, { "if-match": known });
    refused(await put({}), 400, "CONSOLE_BAD_REQUEST", "no project");
    refused(await put({ project: null }), 400, "CONSOLE_BAD_REQUEST", "null");
    refused(await put({ project: { pairs: "all" } }), 400, /^PROJECT_/, "a text for pairs");
    refused(
      await put(`{"project":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`),
      400,
      /^(PROJECT_|CONSOLE_)/,
      "deep JSON",
    );
    refused(
      await put({ project: { version: 2, pairs: [], opcUa: { host: "a\u0000b" } } }),
      400,
      /^PROJECT_/,
      "a NUL",
    );
    assert.equal(content(), before);
    assert.deepEqual(console_.calls, []);
  });

  it("refuses posts of other sites, with whatever they can send", async () => {
    for (const origin of [
      "http://evil.example",
      "null",
      "https://127.0.0.1",
      "http://127.0.0.1.evil.example",
      "file://",
    ]) {
      const answer = await console_.ask("POST", "/api/v1/pairs/Boiler/suspend", {}, { origin });
      refused(answer, 403, "CONSOLE_FORBIDDEN", origin);
    }
    const form = { "content-type": "text/plain", "x-csrf-token": "" };
    refused(
      await console_.ask("POST", "/api/v1/session", `{"user":"a"}`, form),
      403,
      "CONSOLE_FORBIDDEN",
      "a login",
    );
    refused(
      await console_.ask("DELETE", "/api/v1/events", undefined, { "x-csrf-token": "x" }),
      403,
      "CONSOLE_FORBIDDEN",
      "a token",
    );
    assert.deepEqual(console_.calls, []);
  });

  it("checks no more passwords at once than in turn", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        console_.ask("POST", "/api/v1/session", { user, password: `guess number ${index}` }),
      ),
    );
    const checked = answers.filter(({ status }) => status === 401).length;
    assert.equal(checked, 3);
    assert.equal(answers.filter(({ status }) => status === 429).length, 17);
  });

  it("lets one of many who save at once be the first, and shows the others what it did", async () => {
    const known = await version();
    const [primary, secondary] = [{ machine: "a" }, { machine: "b" }];
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        console_.ask(
          "POST",
          "/api/v1/project/pairs",
          { server: `Pump${index}`, protocol: "opcua", primary, secondary },
          { "if-match": known },
        ),
      ),
    );
    const saved = answers.filter(({ status }) => status === 201);
    assert.equal(saved.length, 1);
    const { project } = (await console_.ask("GET", "/api/v1/project")).json<ProjectAnswer>();
    assert.equal(project.pairs.length, 2);
    for (const answer of answers.filter((each) => !saved.includes(each))) {
      refused(answer, 412, "PROJECT_CHANGED", "a later one");
      assert.equal(answer.json<ConflictAnswer>().current.project.pairs[1]?.server, project.pairs[1]?.server);
    }
  });
});
