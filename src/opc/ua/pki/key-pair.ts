import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CertificatePurpose,
  certificateMatchesPrivateKey,
  convertPEMtoDER,
  createSelfSignedCertificate,
  exploreCertificate,
  generatePrivateKey,
  makePrivateKeyFromPem,
  type PrivateKey,
  pemToPrivateKey,
  privateKeyToPEM,
} from "node-opcua-crypto";
import { UnderstudyError } from "../../../core/error.ts";
import { detailOf } from "../../../diagnostics/detail-of.ts";
import { writeFileAtomically } from "../../../project/atomic-file.ts";

export interface KeyPair {
  /** DER. */
  readonly certificate: Buffer;
  readonly privateKey: PrivateKey;
  /** As it stands in the certificate; OPC UA wants the two to be equal. */
  readonly applicationUri: string;
}

/** What goes into a certificate that is made here. */
export interface CertificateSubject {
  readonly applicationUri: string;
  readonly commonName: string;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

const validityDays = 3650;

/**
 * Reads private_key.pem and certificate.pem of a folder; makes both where there is none, and the
 * certificate alone where only the key is there.
 */
export async function loadKeyPair(directory: string, subject: CertificateSubject): Promise<KeyPair> {
  const keyFile = join(directory, "private_key.pem");
  const certificateFile = join(directory, "certificate.pem");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const keyPem = (await readIfThere(keyFile)) ?? (await makeKey(keyFile));
  const certificatePem =
    (await readIfThere(certificateFile)) ?? (await makeCertificate(certificateFile, keyPem, subject));
  try {
    const privateKey = makePrivateKeyFromPem(keyPem);
    const certificate = convertPEMtoDER(certificatePem);
    if (!certificateMatchesPrivateKey(certificate, privateKey)) {
      throw new Error("the certificate does not belong to the key");
    }
    const names = exploreCertificate(certificate).tbsCertificate.extensions?.subjectAltName as
      | { readonly uniformResourceIdentifier?: readonly string[] }
      | undefined;
    const applicationUri = names?.uniformResourceIdentifier?.[0];
    if (applicationUri === undefined) throw new Error("the certificate names no application URI");
    return { certificate, privateKey, applicationUri };
  } catch (cause) {
    const detail = detailOf(cause);
    throw new UnderstudyError(
      "CERTIFICATE_INVALID",
      `The application certificate in ${directory} cannot be used: ${detail}. ` +
        `Put certificate.pem and private_key.pem (PEM) of one pair there, or remove both so that new ones are made.`,
      { cause },
    );
  }
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new UnderstudyError("CERTIFICATE_INVALID", `Cannot read ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function makeKey(file: string): Promise<string> {
  const { privPem } = await privateKeyToPEM(await generatePrivateKey(2048));
  await writeFileAtomically(file, privPem, 0o600);
  return privPem;
}

async function makeCertificate(file: string, keyPem: string, subject: CertificateSubject): Promise<string> {
  const { cert } = await createSelfSignedCertificate({
    privateKey: await pemToPrivateKey(keyPem),
    purpose: CertificatePurpose.ForApplication,
    subject: `CN=${subject.commonName}`,
    applicationUri: subject.applicationUri,
    dns: [...subject.dns],
    ip: [...subject.ip],
    notBefore: new Date(),
    validity: validityDays,
  });
  await writeFileAtomically(file, cert, 0o644);
  return cert;
}
