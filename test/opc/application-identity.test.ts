import "./fixtures/quiet.ts";
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { exploreCertificate } from "node-opcua-crypto";
import { loadApplicationIdentity } from "../../src/opc/ua/pki/application-identity.ts";

describe("the application identity", function () {
  this.timeout(20_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "understudy-test-"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it("is made once, names host and application URI, and stays the same", async () => {
    const made = await loadApplicationIdentity({ directory: folder });
    assert.equal(made.applicationUri, `urn:${hostname()}:Understudy`);
    const names = JSON.stringify(
      exploreCertificate(made.getCertificate()).tbsCertificate.extensions?.subjectAltName,
    );
    for (const name of [made.applicationUri, hostname(), "localhost"]) assert.ok(names.includes(name), name);
    const key = await stat(join(folder, "own", "private_key.pem"));
    if (process.platform !== "win32") assert.equal(key.mode & 0o077, 0, "only the owner may read the key");
    await made.trustList.close();

    const startMs = performance.now();
    const again = await loadApplicationIdentity({ directory: folder, applicationUri: "urn:other" });
    assert.ok(performance.now() - startMs < 1000);
    assert.ok(again.getCertificate().equals(made.getCertificate()));
    assert.equal(again.applicationUri, made.applicationUri);
    await again.trustList.close();
  });

  it("puts an unknown certificate into the rejected folder, but not where any is trusted", async () => {
    const mine = await loadApplicationIdentity({ directory: join(folder, "mine") });
    const other = await loadApplicationIdentity({
      directory: join(folder, "other"),
      applicationUri: "urn:x",
    });
    const rejected = (): Promise<string[]> => readdir(join(folder, "mine", "rejected"));
    assert.equal((await mine.trustList.check(other.getCertificate(), true)).name, "Good");
    assert.equal((await mine.trustList.checker(true).checkCertificate(other.getCertificate())).name, "Good");
    assert.deepEqual(await rejected(), []);
    const strict = await mine.trustList.checker(false).checkCertificate(other.getCertificate());
    assert.equal(strict.name, "BadCertificateUntrusted");
    assert.equal((await rejected()).length, 1);
    await mine.trustList.close();
    await other.trustList.close();
  });

  it("keeps no more than a hundred rejected certificates", async () => {
    const mine = await loadApplicationIdentity({ directory: join(folder, "mine") });
    const other = await loadApplicationIdentity({ directory: join(folder, "other") });
    const rejected = join(folder, "mine", "rejected");
    for (let i = 0; i < 120; i++) await writeFile(join(rejected, `old${i}.pem`), "");
    await mine.trustList.check(other.getCertificate(), false);
    const left = await readdir(rejected);
    assert.equal(left.length, 100);
    const kept = await mine.trustList.rejectedFile(other.getCertificate());
    assert.ok(left.includes(basename(kept)), "the latest is among them");
    await mine.trustList.close();
    await other.trustList.close();
  });

  it("refuses a key that is not the certificate's, and says what to do", async () => {
    const mine = await loadApplicationIdentity({ directory: join(folder, "mine") });
    const other = await loadApplicationIdentity({ directory: join(folder, "other") });
    const key = await readFile(join(folder, "other", "own", "private_key.pem"));
    await writeFile(join(folder, "mine", "own", "private_key.pem"), key);
    await assert.rejects(loadApplicationIdentity({ directory: join(folder, "mine") }), {
      code: "CERTIFICATE_INVALID",
      message: /does not belong to the key.*remove both/,
    });
    await mine.trustList.close();
    await other.trustList.close();
  });
});
