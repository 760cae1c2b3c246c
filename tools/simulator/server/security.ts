import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StatusCode, StatusCodes, UserNameIdentityToken } from "node-opcua";
import { privateDecrypt_long, RSA_PKCS1_OAEP_PADDING } from "node-opcua-crypto";
import type { ServerSecureChannelParent } from "node-opcua-secure-channel";
import {
  type ApplicationIdentity,
  loadApplicationIdentity,
} from "../../../src/opc/ua/pki/application-identity.ts";

const oaepAlgorithm = "http://www.w3.org/2001/04/xmlenc#rsa-oaep";

/** A certificate and key made for this run, in a folder that goes when the process ends. */
export async function temporaryIdentity(name: string, applicationUri: string): Promise<ApplicationIdentity> {
  const directory = mkdtempSync(join(tmpdir(), "understudy-simulator-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return await loadApplicationIdentity({ directory, applicationName: name, applicationUri });
}

/** What the channel layer asks of its server; every client certificate is accepted. */
export function channelParent(
  identity: ApplicationIdentity | null,
  getEndpointDescription: ServerSecureChannelParent["getEndpointDescription"],
): ServerSecureChannelParent {
  if (identity) {
    return {
      certificateManager: identity.trustList.checker(true),
      getCertificate: () => identity.getCertificate(),
      getCertificateChain: () => identity.getCertificateChain(),
      getKeyOperations: () => identity.getKeyOperations(),
      getEndpointDescription,
    };
  }
  const noKey = {
    getKeyMetadataSync: () => ({}),
  } as unknown as ReturnType<ServerSecureChannelParent["getKeyOperations"]>;
  const anyCertificate = {
    checkCertificate: async () => StatusCodes.Good,
  } as unknown as ServerSecureChannelParent["certificateManager"];
  return {
    certificateManager: anyCertificate,
    getCertificate: () => Buffer.alloc(0),
    getCertificateChain: () => [],
    getKeyOperations: () => noKey,
    getEndpointDescription,
  };
}

export function newNonce(): Buffer {
  return randomBytes(32);
}

/** Checks a user identity token (Part 4, 5.6.3). `nonce` is the last one given to the client. */
export function checkUser(
  token: unknown,
  nonce: Buffer,
  identity: ApplicationIdentity | null,
  rules: { readonly anonymous: boolean; readonly users: ReadonlyMap<string, string> },
): StatusCode {
  if (!(token instanceof UserNameIdentityToken)) {
    return rules.anonymous ? StatusCodes.Good : StatusCodes.BadIdentityTokenRejected;
  }
  const password = passwordOf(token, nonce, identity);
  if (password === null) return StatusCodes.BadIdentityTokenInvalid;
  const expected = rules.users.get(token.userName ?? "");
  return expected !== undefined && expected === password ? StatusCodes.Good : StatusCodes.BadUserAccessDenied;
}

function passwordOf(
  token: UserNameIdentityToken,
  nonce: Buffer,
  identity: ApplicationIdentity | null,
): string | null {
  if (!token.encryptionAlgorithm) return token.password.toString("utf8");
  if (!identity || token.encryptionAlgorithm !== oaepAlgorithm) return null;
  try {
    const key = identity.getPrivateKey();
    const plain = privateDecrypt_long(token.password, key, 256, RSA_PKCS1_OAEP_PADDING);
    // Length, password, nonce (Part 4, 7.41.2.2).
    const length = plain.readUInt32LE(0) - nonce.length;
    if (length < 0 || !plain.subarray(4 + length, 4 + length + nonce.length).equals(nonce)) return null;
    return plain.toString("utf8", 4, 4 + length);
  } catch {
    return null;
  }
}
