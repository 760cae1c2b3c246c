import type { ConnectionMode } from "../core/policy.ts";
import type { ServerSettings } from "./server.ts";

/** The project: all that stands in redundancymaster.xml and moves to another machine with it. */
export interface Project {
  readonly version: 2;
  /** Where OPC UA clients reach the broker. */
  readonly opcUa: OpcUaFrontSettings;
  readonly console: ConsoleProjectSettings;
  readonly diagnostics: DiagnosticsSettings;
  readonly notifications: NotificationSettings;
  readonly pairs: readonly Pair[];
  /** Whole servers that this machine stands in for. */
  readonly servers: readonly ServerSettings[];
}

export type SecurityPolicyName = "None" | "Basic256Sha256";

export interface OpcUaFrontSettings {
  /** Address to listen on. Default 127.0.0.1: nothing listens beyond loopback unless the project says so. */
  readonly host: string;
  /** Shared port of all pairs, 1 to 65535; a pair is `opc.tcp://host:port/<name>`. Default 48400. */
  readonly port: number;
  /** Security offered to clients: `None`, or `Basic256Sha256` with SignAndEncrypt. Default [Basic256Sha256]. */
  readonly securityPolicies: readonly SecurityPolicyName[];
  /** Admit clients without a user. Default false. */
  readonly allowAnonymous: boolean;
  /** Accept any client certificate; else only those in this machine's trust list. Default false. */
  readonly trustAllClientCertificates: boolean;
}

/** Where the web console is reached. */
export interface ConsoleProjectSettings {
  /** Default true. */
  readonly enabled: boolean;
  /** Default 127.0.0.1; any other needs a certificate. */
  readonly host: string;
  /** Default 48480. */
  readonly port: number;
  /** Files in PEM, relative to the project file; null = HTTP. */
  readonly certificate: string | null;
  readonly key: string | null;
}

export interface Pair {
  /** ProgID (OPC DA) or endpoint name (OPC UA) of the underlying server. */
  readonly server: string;
  /** Name under which clients see the pair, where it differs from `server`; must not contain < > &. */
  readonly alias: string | null;
  readonly protocol: "opcua" | "opcda";
  readonly primary: MemberSettings;
  readonly secondary: MemberSettings;
  readonly connectionMode: ConnectionMode;
  readonly alwaysReconnectToPrimary: boolean;
  /** ms; seed default 1000. */
  readonly queryServerStatusInterval: number;
  /** ms; seed default 500. */
  readonly queryServerStatusTimeout: number;
  /** A port of the pair's own beside the shared one; null = none. */
  readonly port: number | null;
  /** Admit OPC DA clients to a pair of OPC UA servers. Default false; without meaning for OPC DA, which always does. */
  readonly opcDaClients: boolean;
  readonly monitorItems: readonly MonitorItem[];
  /** Items in error that cause a failover: 1 to the number of items. */
  readonly monitorItemFailureCount: number;
  readonly failover: FailoverSettings;
  readonly diagnostics: DiagnosticsSettings | null;
  /** null = the project-wide settings. */
  readonly notifications: NotificationSettings | null;
}

/** The member's place on the network and how the broker secures its own connections to it. */
export interface MemberSettings {
  /** Host name or IP address; `localhost` for this machine. */
  readonly machine: string;
  /**
   * OPC UA: full endpoint URL; null = `opc.tcp://<machine>:4840`. OPC DA: `opcda://<machine>/<ProgID>`; null = the
   * pair's server on the machine.
   */
  readonly endpointUrl: string | null;
  readonly securityPolicy: SecurityPolicyName;
  /** Accept the server's certificate without a trust list entry. Default false. */
  readonly trustServerCertificate: boolean;
  /** User for the broker's own session (probes, monitor items); null = anonymous. */
  readonly user: { readonly name: string /** `env:NAME` or `file:PATH` */; readonly password: string } | null;
}

export type DataType =
  | "Default"
  | "Boolean"
  | "Char"
  | "Byte"
  | "Short"
  | "Word"
  | "Long"
  | "DWord"
  | "LLong"
  | "QWord"
  | "Float"
  | "Double"
  | "String"
  | "Date";

export interface MonitorItem {
  readonly accessPath: string;
  /** Item id (OPC DA) or NodeId in text form, e.g. `ns=1;s=Watchdog` (OPC UA). */
  readonly itemId: string;
  readonly dataType: DataType;
  /** ms; seed default 1000. */
  readonly updateRate: number;
  readonly trigger: "badQuality" | "specificValue" | "noChange";
  /** The value (specificValue) or the period in ms (noChange); empty for badQuality. */
  readonly triggerData: string;
}

/** What the seed lacks; the defaults behave like the seed. Times in ms. */
export interface FailoverSettings {
  readonly warnAfter: number;
  readonly failAfter: number;
  readonly failAfterStartup: number;
  readonly recoverAfter: number;
  readonly suspectInterval: number | null;
  readonly connectTimeout: number;
  readonly reconnectInterval: number;
  /** The primary must have been well for this long before it is promoted again; 0 = at once. */
  readonly primaryStableFor: number;
  readonly minimumTimeBetweenSwitchovers: number;
  /** Automatic switchovers allowed within `window` ms; null = no limit. */
  readonly switchoverLimit: { readonly switchovers: number; readonly window: number } | null;
  readonly approval: "automatic" | "manual";
  readonly bothBad: "stay" | "bestAvailable";
  /** What to do where the members' NamespaceArrays differ: do not use the second one, or only record it. */
  readonly namespaceMismatch: "refuse" | "warn";
}

export interface DiagnosticsSettings {
  /** 1000 to 30000, default 5000; the oldest are discarded first. */
  readonly maximumEvents: number;
  readonly preserveOnShutdown: boolean;
}

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly security: "none" | "startTls" | "tls";
  readonly user: string | null;
  /** `env:NAME` or `file:PATH`; never the password itself. */
  readonly password: string | null;
}

export interface NotificationSettings {
  readonly enabled: boolean;
  readonly primarySmtp: SmtpSettings | null;
  readonly secondarySmtp: SmtpSettings | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly header: string;
  readonly footer: string;
  /** Codes of the event catalogue to send. */
  readonly events: readonly string[];
}

/** Whether OPC DA clients of this machine may find and use the pair. */
export function admitsOpcDaClients(pair: Pair): boolean {
  return pair.protocol === "opcda" || pair.opcDaClients;
}

/** The name clients see: the alias, else the server's own. Unique within the project. */
export function pairName(pair: Pair): string {
  return pair.alias ?? pair.server;
}
