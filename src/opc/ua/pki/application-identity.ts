import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { type IKeyOperations, keyOperationsFromPrivateKey, type PrivateKey } from "node-opcua-crypto";
import { loadKeyPair } from "./key-pair.ts";
import { TrustList } from "./trust-list.ts";

/**
 * Who Understudy is towards OPC UA clients and servers: its application instance certificate and key,
 * and the certificates it trusts. Made once per machine; belongs to the machine state, not to the project.
 *
 * It is a `ClientSecureChannelParent` as it stands; for `ServerSecureChannelParent` add
 * `certificateManager: identity.trustList.checker(trustAll)` and `getEndpointDescription`.
 */
export interface ApplicationIdentity {
  readonly applicationUri: string;
  readonly applicationName: string;
  readonly productUri: string;
  readonly trustList: TrustList;
  /** The certificate, DER. */
  getCertificate(): Buffer;
  getCertificateChain(): Buffer[];
  getPrivateKey(): PrivateKey;
  getKeyOperations(): IKeyOperations;
}

export interface ApplicationIdentityOptions {
  /** Folder of its own within the machine state; created where missing. */
  readonly directory: string;
  readonly applicationName?: string;
  /** Default `urn:<hostname>:Understudy`. Only used when the certificate is made. */
  readonly applicationUri?: string;
}

/**
 * Loads the application identity, and makes key and self-signed certificate at the first start
 * (own/private_key.pem, readable by the owner only; own/certificate.pem).
 * Certificates of others lie in trusted/certs, issuers/certs and rejected.
 * @throws UnderstudyError CERTIFICATE_INVALID where the files are there but unusable.
 */
export async function loadApplicationIdentity(
  options: ApplicationIdentityOptions,
): Promise<ApplicationIdentity> {
  const applicationName = options.applicationName ?? "Understudy";
  const host = hostname();
  const pair = await loadKeyPair(join(options.directory, "own"), {
    applicationUri: options.applicationUri ?? `urn:${host}:Understudy`,
    commonName: applicationName,
    dns: [...new Set([host, "localhost"])],
    ip: localAddresses(),
  });
  const keyOperations = keyOperationsFromPrivateKey(pair.privateKey);
  const trustList = await TrustList.load(options.directory, keyOperations);
  return Object.freeze({
    applicationUri: pair.applicationUri,
    applicationName,
    productUri: "urn:understudy",
    trustList,
    getCertificate: () => pair.certificate,
    getCertificateChain: () => [pair.certificate],
    getPrivateKey: () => pair.privateKey,
    getKeyOperations: () => keyOperations,
  });
}

/** IPv4 addresses of this machine; the loopback one first. */
function localAddresses(): string[] {
  const found = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((address) => address.family === "IPv4" && !address.internal)
    .map((address) => address.address);
  return ["127.0.0.1", ...new Set(found)];
}
