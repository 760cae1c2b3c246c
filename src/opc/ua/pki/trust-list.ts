import { readdir } from "node:fs/promises";
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

/**
 * The certificates of clients and servers this machine trusts, as files:
 * trusted/certs (peers or their issuers), issuers/certs (intermediate issuers only), crl beside each,
 * and rejected, where unknown ones land. To trust a peer, move its file from rejected to trusted/certs;
 * a running broker notices.
 */
export class TrustList {
  readonly directory: string;
  readonly #strict: OPCUACertificateManager;
  readonly #lenient: OPCUACertificateManager;

  private constructor(directory: string, manager: OPCUACertificateManager) {
    this.directory = directory;
    this.#strict = manager;
    // The channel layers know only checkCertificate; a view of the same store that excuses what may be excused.
    this.#lenient = Object.create(manager, {
      checkCertificate: { value: (certificate: Buffer | Buffer[]) => this.check(certificate, true) },
    }) as OPCUACertificateManager;
  }

  static async load(directory: string, keyOperations: IKeyOperations): Promise<TrustList> {
    // With key operations given the manager makes no key of its own.
    const manager = new OPCUACertificateManager({ rootFolder: directory, keyOperations });
    await manager.initialize();
    return new TrustList(directory, manager);
  }

  /** The `certificateManager` of a `ServerSecureChannelParent`. */
  checker(trustAll: boolean): OPCUACertificateManager {
    return trustAll ? this.#lenient : this.#strict;
  }

  /**
   * Good, or the reason why a certificate (DER, or a chain, leaf first) is not trusted.
   * An unknown one is written to the rejected folder unless `trustAll`.
   */
  async check(certificate: Buffer | Buffer[], trustAll: boolean): Promise<StatusCode> {
    if (!trustAll) return await this.#strict.checkCertificate(certificate);
    const chain = Array.isArray(certificate) ? certificate : [certificate];
    const name = await this.#strict.verifyCertificate(Buffer.concat(chain), {
      acceptCertificateWithValidIssuerChain: true,
    });
    const status = StatusCodes[name];
    return excused.some((code) => code.equals(status)) ? StatusCodes.Good : status;
  }

  /** The file of a rejected certificate (DER); the folder where it cannot be told. */
  async rejectedFile(certificate: Buffer): Promise<string> {
    const folder = join(this.directory, "rejected");
    const thumbprint = makeSHA1Thumbprint(certificate).toString("hex");
    const names = await readdir(folder).catch(() => []);
    const name = names.find((candidate) => candidate.toLowerCase().includes(thumbprint));
    return name === undefined ? folder : join(folder, name);
  }

  get trustedFolder(): string {
    return join(this.directory, "trusted", "certs");
  }

  /** Ends the watch on the folders. */
  async close(): Promise<void> {
    await this.#strict.dispose();
  }
}
