/** The part of an operating system that starts services, as the commands need it. */
export interface ServiceManager {
  /** Where the service is known: the unit file, or its name. */
  readonly target: string;
  /** Of the machine, or of one user. */
  readonly scope: "machine" | "user";
  /** What would be installed, for people and for a request that waits. */
  readonly content: string;
  isInstalled(): Promise<boolean>;
  /** Running as the service manager sees it; null = it cannot be asked. */
  isRunning(): Promise<boolean | null>;
  /** Replaces what is installed. Throws SERVICE_MANAGER_FAILED; nothing is installed then. */
  install(content: string): Promise<void>;
  uninstall(): Promise<void>;
}
