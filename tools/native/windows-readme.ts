/** README.txt of the package for Windows. Kept short: docs/opc-da.md, in the package, tells the rest. */
export function windowsReadme(version: string, architectures: readonly string[]): string {
  const bits = architectures.includes("x86")
    ? "for 64-bit and 32-bit clients"
    : "64-bit only: 32-bit clients reach it as an EXE, but not as a DLL";
  const lines = [
    `Understudy ${version} for Windows`,
    "",
    "Redundancy for OPC clients. Tested under Wine, not yet on Windows: try it beside the plant first.",
    `The COM proxy is ${bits}.`,
    "",
    "You need",
    "  Node.js 20.19, 22 or 24 (64-bit)",
    "  the OPC Core Components, which nearly every OPC DA server and client has installed",
    "",
    "Install",
    "  1. Unpack this folder to where it shall stay, e.g. C:\\Program Files\\Understudy.",
    "     Users other than administrators must not be able to write there.",
    "  2. In that folder:  npm ci --omit=dev",
    "     Without network: do so on another machine and copy the folder node_modules.",
    "  3. Edit redundancymaster.xml: ProgID and machines of your servers.",
    "     node dist\\src\\cli\\main.js check",
    "",
    "Enable (as administrator, with the clients closed)",
    "  node dist\\src\\cli\\main.js pair enable Vendor.Server.1 --dry-run",
    "  node dist\\src\\cli\\main.js pair enable Vendor.Server.1",
    "  node dist\\src\\cli\\main.js run          (as the user the clients run as)",
    "",
    "Undo (as administrator, with the clients closed; before this folder is deleted)",
    "  node dist\\src\\cli\\main.js pair disable Vendor.Server.1",
    "",
    "docs\\opc-da.md says what each step does, how to verify it, and what does not work yet.",
    "",
  ];
  return lines.join("\r\n");
}
