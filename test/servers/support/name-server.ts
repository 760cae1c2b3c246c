import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { addresses, type Lab } from "./lab.ts";

export const zone = "plant.test";
export const reverseZone = "0.77.10.in-addr.arpa";
const secret = Buffer.from("the secret of the laboratory's zone").toString("base64");

export interface NameServer {
  /** The right key, a wrong secret under the right name, and a key the server does not know. */
  readonly keyFile: string;
  readonly wrongSecretFile: string;
  readonly unknownKeyFile: string;
}

/** Starts BIND on the lab's dns host, with updates allowed to one TSIG key. */
export async function startNameServer(lab: Lab): Promise<NameServer> {
  const directory = join(lab.directory, "named");
  await mkdir(directory, { recursive: true });
  const key = (name: string, value: string): string =>
    `key "${name}" { algorithm hmac-sha256; secret "${value}"; };\n`;
  const files = {
    keyFile: join(directory, "update.key"),
    wrongSecretFile: join(directory, "wrong.key"),
    unknownKeyFile: join(directory, "unknown.key"),
  };
  await writeFile(files.keyFile, key("standin", secret));
  await writeFile(
    files.wrongSecretFile,
    key("standin", Buffer.from("another secret, and just as long as it").toString("base64")),
  );
  await writeFile(files.unknownKeyFile, key("stranger", secret));
  const live = addresses.live;
  const soa = "@ 3600 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 3600 IN NS ns\n";
  await writeFile(
    join(directory, "forward.zone"),
    `$ORIGIN ${zone}.\n${soa}ns 3600 IN A ${addresses.dns.ipv4}\nserver 300 IN A ${live.ipv4}\nserver 300 IN AAAA ${live.ipv6}\n`,
  );
  await writeFile(
    join(directory, "reverse.zone"),
    `$ORIGIN ${reverseZone}.\n@ 3600 IN SOA ns.${zone}. hostmaster.${zone}. 1 3600 600 86400 60\n@ 3600 IN NS ns.${zone}.\n10 300 IN PTR server.${zone}.\n`,
  );
  const master = (name: string, file: string): string =>
    `zone "${name}" { type master; file "${join(directory, file)}"; allow-update { key "standin"; }; };\n`;
  await writeFile(
    join(directory, "named.conf"),
    `${key("standin", secret)}
options { directory "${directory}"; pid-file none; session-keyfile none; recursion no;
  listen-on port 53 { ${addresses.dns.ipv4}; }; listen-on-v6 { none; }; dnssec-validation no; notify no;
  managed-keys-directory "${directory}"; allow-query { any; }; };
controls { };
${master(zone, "forward.zone")}${master(reverseZone, "reverse.zone")}`,
  );
  await lab.started("dns", "named", ["-g", "-n", "1", "-c", join(directory, "named.conf")], /\brunning\n/);
  return files;
}

/** What the name server answers to the third host. */
export async function answersOf(lab: Lab, name: string, type: string): Promise<readonly string[]> {
  const server = `@${addresses.dns.ipv4}`;
  const args = [server, "+norecurse", "+noall", "+answer", "+tries=3", "+time=10", name, type];
  const output = await lab.must("client", "dig", ...args);
  return output
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith(";"))
    .map((line) => line.split(/\s+/))
    .map((parts) => `${parts[1]} ${parts[4]}`);
}
