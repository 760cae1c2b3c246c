import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckFinding, ServerCheck } from "../../src/control/servers-api.ts";
import { newProject } from "../../src/project/project-document.ts";
import { saveProject } from "../../src/project/project-file.ts";
import type { NewServer } from "../../src/project/servers.ts";
import { type Bench, createBench, delivered } from "../cli/helpers.ts";
import { missingForDatabases, TestPostgres } from "./replication/support/postgres.ts";
import { missingForFiles, TestSshd } from "./replication/support/sshd.ts";

const missing = missingForFiles() ?? missingForDatabases();

describe("understudy server check", function () {
  this.timeout(120_000);
  let folder: string;
  let bench: Bench;
  let sshd: TestSshd;
  let live: TestPostgres;
  let standIn: TestPostgres;

  before(async function () {
    if (missing !== null) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    [sshd, live, standIn] = await Promise.all([
      TestSshd.start(),
      TestPostgres.start(),
      TestPostgres.start(["wal_level=replica"]),
    ]);
    await live.query("postgres", "CREATE DATABASE orders", "CREATE ROLE clerk LOGIN PASSWORD 'clerk'");
    await live.query("orders", "CREATE TABLE orders (id serial PRIMARY KEY)");
    await standIn.query("postgres", "CREATE DATABASE orders");
  });
  after(async () => {
    await Promise.all([sshd?.stop(), live?.stop(), standIn?.stop()]);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "understudy-check-"));
    mkdirSync(join(folder, "live data"));
    bench = createBench(folder, join(folder, "state"), delivered);
  });
  afterEach(async () => {
    await bench.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  const databaseAt = ({ place }: TestPostgres, user = place.user, password = place.password ?? "") => {
    const secret = join(folder, `password of ${user}`);
    writeFileSync(secret, password, { mode: 0o600 });
    return { host: place.host, port: place.port, user, password: `file:${secret}`, tls: "off" } as const;
  };

  const tree = (changes: { readonly source?: string; readonly identityFile?: string } = {}) => {
    const { host, port, user, identityFile, knownHostsFile } = sshd.place;
    return {
      source: changes.source ?? join(folder, "live data"),
      destination: join(folder, "copy"),
      ssh: { host, port, user, identityFile: changes.identityFile ?? identityFile, knownHostsFile },
    };
  };

  async function save(server: Omit<NewServer, "name" | "address">): Promise<void> {
    const file = join(folder, "redundancymaster.xml");
    const document = newProject(file).addServer({ name: "plant", address: "127.0.0.1", ...server });
    await saveProject(document, file);
  }

  async function check(): Promise<{
    readonly code: number | null;
    readonly of: (name: string) => CheckFinding;
  }> {
    const { code, stdout, stderr } = await bench.run("server", "check", "plant", "--json");
    assert.equal(stderr, "");
    const [answer] = JSON.parse(stdout) as readonly ServerCheck[];
    const of = (name: string): CheckFinding => {
      const found = answer?.findings.find((each) => each.name.startsWith(name));
      assert.ok(found, `${name} in ${stdout}`);
      return found;
    };
    return { code, of };
  }

  it("finds nothing wrong where all is well, without a running broker and by a running one", async () => {
    await save({
      probes: [{ kind: "tcp", port: sshd.place.port }],
      witnesses: ["127.0.0.2"],
      replication: {
        files: [tree()],
        databases: [
          { catalog: "orders", mode: "hot", source: databaseAt(live), standIn: databaseAt(standIn) },
        ],
      },
    });
    for (const broker of [false, true]) {
      if (broker) await bench.broker();
      const { code, stdout } = await bench.run("server", "check");
      assert.doesNotMatch(stdout, /^ {2}failed/m);
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^plant: 0 failed/);
      assert.match(stdout, /destination .*will be made, [\d.]+ GiB free/);
      assert.match(stdout, /source of plant_orders +PostgreSQL 15, all tables can be published/);
    }
  });

  it("says of files what stands in the way", async () => {
    const wrong = join(folder, "wrong");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", wrong]);
    await save({ replication: { files: [tree({ identityFile: wrong })] } });
    const refused = await check();
    assert.equal(refused.code, 1);
    assert.match(refused.of("source of").detail, /^REPLICATION_LOGIN_REFUSED: /);
    assert.equal(refused.of("destination").verdict, "ok");

    await save({ replication: { files: [tree({ source: join(folder, "nowhere") })] } });
    const absent = await check();
    assert.match(absent.of("source of").detail, /^REPLICATION_INCOMPLETE: .*nowhere.*No such file/);
  });

  it("says of databases which right or setting is missing", async () => {
    const ends = (source: object, target: object, mode: "warm" | "hot" = "hot") => ({
      replication: { databases: [{ catalog: "orders", mode, source, standIn: target }] },
    });
    await save(ends(databaseAt(standIn), databaseAt(live)) as Partial<NewServer>);
    assert.match((await check()).of("source of").detail, /^DATABASE_WAL_LEVEL: wal_level is replica/);

    await save(ends(databaseAt(live, "clerk", "clerk"), databaseAt(standIn), "warm") as Partial<NewServer>);
    assert.match(
      (await check()).of("source of").detail,
      /^DATABASE_RIGHTS_MISSING: public\.orders and 1 more cannot be read/,
    );

    await save(ends(databaseAt(live), databaseAt(live, "clerk", "clerk"), "warm") as Partial<NewServer>);
    assert.match((await check()).of("stand-in of").detail, /may not create databases/);
    await live.query("postgres", "ALTER ROLE clerk CREATEDB");
    assert.match(
      (await check()).of("stand-in of").detail,
      /understudy owns parts .* nor a member of that role/,
    );

    await save(ends(databaseAt(live, "clerk", "wrong"), databaseAt(standIn)) as Partial<NewServer>);
    assert.match((await check()).of("source of").detail, /^DATABASE_LOGIN_REFUSED: /);
  });

  it("says of the plan what would fail, and warns where there is no witness", async () => {
    const script = join(folder, "script");
    writeFileSync(script, "#!/bin/sh\n", { mode: 0o644 });
    await save({
      takeover: {
        assumeIpAddress: true,
        addresses: [{ address: "192.0.2.10/24", interface: "nothere0" }],
        preScript: { program: script },
        postScript: { program: join(folder, "gone") },
      },
    });
    const { code, of } = await check();
    assert.equal(code, 1);
    assert.equal(of("witnesses").verdict, "warning");
    assert.match(of("addresses").detail, /no interface nothere0/);
    assert.match(of(script).detail, /cannot be run/);
    assert.match(of(join(folder, "gone")).detail, /no such file/);
  });

  it("knows no server of another name", async () => {
    await save({});
    const { code, stderr } = await bench.run("server", "check", "nobody");
    assert.equal(code, 1);
    assert.match(stderr, /^error SERVER_UNKNOWN: .*plant/);
  });
});
