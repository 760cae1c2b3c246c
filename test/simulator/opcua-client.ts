import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClientSession,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAClient,
  SecurityPolicy,
  type UserIdentityInfo,
} from "node-opcua";

export interface ClientOptions {
  readonly secure?: boolean;
  readonly user?: UserIdentityInfo;
}

/** Runs a test with a session of node-opcua's own client, then closes both. */
export async function withClient(
  endpointUrl: string,
  options: ClientOptions,
  test: (session: ClientSession, client: OPCUAClient) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "understudy-test-client-"));
  const manager = new OPCUACertificateManager({
    rootFolder: folder,
    automaticallyAcceptUnknownCertificate: true,
  });
  const client = OPCUAClient.create({
    applicationName: "test",
    clientCertificateManager: manager,
    connectionStrategy: { maxRetry: 0 },
    securityMode: options.secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None,
    securityPolicy: options.secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None,
    endpointMustExist: false,
  });
  try {
    await client.connect(endpointUrl);
    const session = await client.createSession(options.user);
    await test(session, client);
    await session.close();
  } finally {
    await client.disconnect();
    await manager.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}
