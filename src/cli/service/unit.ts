/** What a unit file of systemd is made from. */
export interface UnitOptions {
  /** Absolute path of the Node.js program. */
  readonly node: string;
  /** Absolute path of the command line's script. */
  readonly script: string;
  readonly projectFile: string;
  readonly stateDirectory: string;
  /** Where the unit is put; it is taken away from there. */
  readonly unitDirectory: string;
  /** The service manager of one user, not of the machine. */
  readonly isUser: boolean;
  /** User and group the service runs as; null = one that exists while it runs. Without meaning with isUser. */
  readonly runAs: { readonly user: string; readonly group: string | null } | null;
  /** A port below 1024 is listened on. */
  readonly needsLowPort: boolean;
  /** File with the variables that `env:NAME` in the project refers to. */
  readonly environmentFile: string | null;
}

/** Time without a sign of life after which systemd starts the broker anew, in s. */
export const watchdogSeconds = 30;

/** The text of the unit. The broker itself says when it is ready, reloads, ends, and that it is alive. */
export function unitText(options: UnitOptions): string {
  const { isUser } = options;
  const command = [options.node, options.script].map(quotedForUnit).join(" ");
  const place = `--state-dir ${quotedForUnit(options.stateDirectory)}`;
  const unitPlace = `${isUser ? "--user " : ""}--unit-dir ${quotedForUnit(options.unitDirectory)}`;
  const run = `run --quiet --project ${quotedForUnit(options.projectFile)} ${place}`;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      "Unit",
      [
        "Description=Understudy, redundancy broker for OPC servers",
        ...(isUser ? [] : ["Wants=network-online.target", "After=network-online.target"]),
        "StartLimitIntervalSec=300",
        "StartLimitBurst=10",
      ],
    ],
    [
      "Service",
      [
        "Type=notify",
        "# The broker speaks by the program systemd-notify.",
        "NotifyAccess=all",
        `ExecStart=${command} ${run}`,
        "ExecReload=/bin/kill -HUP $MAINPID",
        "# Carries out what 'understudy service uninstall' left until the broker has ended.",
        `ExecStopPost=-${isUser ? "" : "+"}${command} service complete ${unitPlace} ${place}`,
        `WatchdogSec=${watchdogSeconds}s`,
        "TimeoutStartSec=60s",
        "TimeoutStopSec=10s",
        "Restart=on-failure",
        "RestartSec=1s",
        "# A project that cannot be used stays so until somebody mends it.",
        "RestartPreventExitStatus=2",
        ...(options.environmentFile === null
          ? []
          : [`EnvironmentFile=${options.environmentFile.replaceAll("%", "%%")}`]),
        ...(isUser ? userHardening : systemDirectives(options)),
      ],
    ],
    ["Install", [`WantedBy=${isUser ? "default.target" : "multi-user.target"}`]],
  ];
  return sections.map(([name, lines]) => `[${name}]\n${lines.join("\n")}\n`).join("\n");
}

/** What the service manager of a user can do without rights of its own. */
const userHardening: readonly string[] = Object.freeze([
  "UMask=0077",
  "NoNewPrivileges=yes",
  "LockPersonality=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "SystemCallArchitectures=native",
]);

/**
 * The broker needs the network, its state directory, and to write the project. Memory that is both writable and
 * executable stays allowed: Node.js makes machine code as it runs.
 */
function systemDirectives(options: UnitOptions): readonly string[] {
  const { runAs, stateDirectory, projectFile, node, script } = options;
  const capabilities = options.needsLowPort ? "CAP_NET_BIND_SERVICE" : "";
  const standard = /^\/var\/lib\/([^/]+)$/.exec(stateDirectory)?.[1];
  const folder = projectFile.slice(0, projectFile.lastIndexOf("/")) || "/";
  const inHome = [node, script, projectFile].some((path) => /^\/(home|root)\//.test(path));
  const writable = [
    ...(standard === undefined ? [stateDirectory] : []),
    ...(`${folder}/`.startsWith(`${stateDirectory}/`) ? [] : [folder]),
  ];
  return [
    ...(runAs === null
      ? ["DynamicUser=yes"]
      : [`User=${runAs.user}`, ...(runAs.group === null ? [] : [`Group=${runAs.group}`])]),
    ...(standard === undefined ? [] : [`StateDirectory=${standard}`, "StateDirectoryMode=0700"]),
    "UMask=0077",
    "NoNewPrivileges=yes",
    `CapabilityBoundingSet=${capabilities}`,
    `AmbientCapabilities=${capabilities}`,
    "ProtectSystem=strict",
    ...(writable.length === 0
      ? []
      : [`ReadWritePaths=${writable.map((path) => quotedForUnit(`-${path}`)).join(" ")}`]),
    `ProtectHome=${inHome ? "read-only" : "yes"}`,
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "LockPersonality=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RemoveIPC=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
  ];
}

/** An argument of a command line in a unit: systemd expands % and $, and splits at blanks. */
export function quotedForUnit(text: string): string {
  const escaped = text.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[\w./:@%$+=,-]+$/.test(escaped)) return escaped;
  return `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
