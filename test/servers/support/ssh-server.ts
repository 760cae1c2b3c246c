import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Lab, maintenanceAddress } from "./lab.ts";

const execute = promisify(execFile);

/** Starts an SSH server on the lab's live host and returns the arguments with which ssh runs a command there. */
export async function startSshServer(lab: Lab): Promise<readonly string[]> {
  const directory = join(lab.directory, "ssh");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // sshd insists on its own empty directory.
  await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const file = (name: string): string => join(directory, name);
  for (const key of ["host", "user"]) {
    await execute("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(key)]);
  }
  await writeFile(file("authorized"), await readFile(file("user.pub")), { mode: 0o600 });
  await writeFile(file("known"), `${maintenanceAddress} ${await readFile(file("host.pub"), "utf8")}`);
  await writeFile(
    file("config"),
    `ListenAddress 0.0.0.0
HostKey ${file("host")}
AuthorizedKeysFile ${file("authorized")}
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
`,
  );
  await lab.started("live", "/usr/sbin/sshd", ["-D", "-e", "-f", file("config")], /Server listening/);
  const options = ["BatchMode=yes", `UserKnownHostsFile=${file("known")}`, "ConnectTimeout=5"];
  return [
    ...options.flatMap((option) => ["-o", option]),
    ...["-F", "none", "-i", file("user"), `root@${maintenanceAddress}`],
  ];
}
