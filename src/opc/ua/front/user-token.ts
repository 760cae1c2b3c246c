import {
  AnonymousIdentityToken,
  SecurityPolicy,
  type StatusCode,
  StatusCodes,
  UserNameIdentityToken,
} from "node-opcua";
import { getCryptoFactory, getDecryptParams } from "node-opcua-secure-channel";
import type { ApplicationIdentity } from "../pki/application-identity.ts";
import { ServiceError, type UserIdentity } from "../upstream/upstream-session.ts";

function refused(statusCode: StatusCode, message: string): ServiceError {
  return new ServiceError("USER_REFUSED", statusCode, message);
}

/**
 * The user a client names in ActivateSession, with the password decrypted, so that it can be handed to
 * either member (OPC 10000-4, 7.36). Throws ServiceError USER_REFUSED; whether user and password are right
 * is the members' affair.
 */
export async function readUserToken(
  token: unknown,
  serverNonce: Buffer,
  identity: ApplicationIdentity,
  allowAnonymous: boolean,
): Promise<UserIdentity> {
  if (token === null || token === undefined || token instanceof AnonymousIdentityToken) {
    if (allowAnonymous) return { kind: "anonymous" };
    throw refused(StatusCodes.BadIdentityTokenRejected, "anonymous clients are not admitted by the project");
  }
  if (!(token instanceof UserNameIdentityToken)) {
    // certificates and issued tokens prove possession to the broker only; they cannot be handed on
    throw refused(
      StatusCodes.BadIdentityTokenInvalid,
      "only anonymous and user name tokens can be forwarded",
    );
  }
  if (!token.userName) throw refused(StatusCodes.BadIdentityTokenInvalid, "the user name is empty");
  const password = token.password ?? Buffer.alloc(0);
  if (!token.encryptionAlgorithm) {
    throw refused(StatusCodes.BadIdentityTokenInvalid, "the password was sent without encryption");
  }
  return {
    kind: "userName",
    userName: token.userName,
    password: await decryptPassword(password, token.encryptionAlgorithm, serverNonce, identity),
  };
}

/** Part 4, 7.36.2.2: length, password, server nonce; RSA-OAEP block by block. */
async function decryptPassword(
  secret: Buffer,
  algorithm: string,
  serverNonce: Buffer,
  identity: ApplicationIdentity,
): Promise<Buffer> {
  const factory = getCryptoFactory(SecurityPolicy.Basic256Sha256);
  if (!factory || algorithm !== factory.asymmetricEncryptionAlgorithm) {
    throw refused(StatusCodes.BadIdentityTokenInvalid, `encryption algorithm ${algorithm} is not offered`);
  }
  try {
    const key = identity.getKeyOperations();
    const { modulusLength } = await key.getKeyMetadata();
    const blocks: Buffer[] = [];
    for (let offset = 0; offset < secret.length; offset += modulusLength) {
      const block = secret.subarray(offset, offset + modulusLength);
      blocks.push(await key.decryptBlock(block, getDecryptParams(factory)));
    }
    const plain = Buffer.concat(blocks);
    const end = 4 + plain.readUInt32LE(0);
    const password = plain.subarray(4, end - serverNonce.length);
    if (end > plain.length || !plain.subarray(end - serverNonce.length, end).equals(serverNonce)) {
      throw new RangeError("the nonce is not the one that was given out");
    }
    return password;
  } catch (cause) {
    throw new ServiceError(
      "USER_REFUSED",
      StatusCodes.BadIdentityTokenInvalid,
      "the password cannot be decrypted with the broker's key",
      { cause },
    );
  }
}

export function sameUser(one: UserIdentity, other: UserIdentity): boolean {
  if (one.kind === "anonymous" || other.kind === "anonymous") return one.kind === other.kind;
  return one.userName === other.userName && one.password.equals(other.password);
}
