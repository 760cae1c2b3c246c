import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { OPCUACertificateManager, type StatusCode, StatusCodes } from "node-opcua";
import { type IKeyOperations, makeSHA1Thumbprint } from "node-opcua-crypto";

/** What trust in any peer excuses: not being listed, not being checkable, not being in its time. */
const excused: readonly StatusCode[] = [
  StatusCodes.BadCertificateUntrusted,
  StatusCodes.BadCertificateChainIncomplete,
  StatusCodes.BadCertificateIssuerRevocationUnknown,
  StatusCodes.BadCertificateRevocationUnknown,
  StatusCodes.BadCertificateTimeInvalid,
  StatusCodes.BadCertificateIssuerTimeInvalid,
];

/** Files kept in the rejected folder. */
const maxRejected = 100;

/**
 * The certificates of clients and servers this machine trusts, as files:
 * trusted/certs (peers or their issuers), issuers/certs (intermediate issuers only), crl beside each,
 * and rejected, where unknown ones land. To trust a peer, move its file from rejected to trusted/certs;
 * a running broker notices.
 */
export class TrustList {
  readonly directory: string;
  readonly #manager: OPCUACertificateManager;

  private constructor(directory: string, manager: OPCUACertificateManager) {
    this.directory = directory;
    this.#manager = manager;
  }

  static async load(directory: string, keyOperations: IKeyOperations): Promise<TrustList> {
    // With key operations given the manager makes no key of its own.
    const manager = new OPCUACertificateManager({ rootFolder: directory, keyOperations });
    await manager.initialize();
    return new TrustList(directory, manager);
  }

  /** The `certificateManager` of a `ServerSecureChannelParent`; the channel layer calls nothing but this. */
  checker(trustAll: boolean): OPCUACertificateManager {
    const checkCertificate = (certificate: Buffer | Buffer[]) => this.check(certificate, trustAll);
    return { checkCertificate } as unknown as OPCUACertificateManager;
  }

  /**
   * Good, or the reason why a certificate (DER, or a chain, leaf first) is not trusted.
   * An unknown one is written to the rejected folder unless `trustAll`.
   */
  async check(certificate: Buffer | Buffer[], trustAll: boolean): Promise<StatusCode> {
    if (!trustAll) {
      const status = await this.#manager.checkCertificate(certificate);
      if (status.isNotGood()) await this.#pruneRejected();
      return status;
    }
    const chain = Array.isArray(certificate) ? certificate : [certificate];
    const name = await this.#manager.verifyCertificate(Buffer.concat(chain), {
      acceptCertificateWithValidIssuerChain: true,
    });
    const status = StatusCodes[name];
    return excused.some((code) => code.equals(status)) ? StatusCodes.Good : status;
  }

  /** Anyone who can connect can leave a certificate here: the oldest go when there are too many. */
  async #pruneRejected(): Promise<void> {
    const names = await readdir(this.#rejectedFolder).catch(() => []);
    if (names.length <= maxRejected) return;
    const files = await Promise.all(
      names.map(async (name) => {
        const file = join(this.#rejectedFolder, name);
        return { file, changedMs: (await stat(file).catch(() => null))?.mtimeMs ?? 0 };
      }),
    );
    files.sort((a, b) => a.changedMs - b.changedMs);
    const surplus = files.slice(0, files.length - maxRejected);
    await Promise.allSettled(surplus.map(({ file }) => unlink(file)));
  }

  /** The file of a rejected certificate (DER); the folder where it cannot be told. */
  async rejectedFile(certificate: Buffer): Promise<string> {
    const folder = this.#rejectedFolder;
    const thumbprint = makeSHA1Thumbprint(certificate).toString("hex");
    const names = await readdir(folder).catch(() => []);
    const name = names.find((candidate) => candidate.toLowerCase().includes(thumbprint));
    return name === undefined ? folder : join(folder, name);
  }

  get #rejectedFolder(): string {
    return join(this.directory, "rejected");
  }

  get trustedFolder(): string {
    return join(this.directory, "trusted", "certs");
  }

  /** Ends the watch on the folders. */
  async close(): Promise<void> {
    await this.#manager.dispose();
  }
}
