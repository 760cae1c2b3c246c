import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { ConsoleUsers } from "../../../src/console/security/users.ts";
import { type Role, roles } from "../../../src/core/role.ts";
import { freePort } from "../../../tools/bench/free-port.ts";
import { SimulatorProcess } from "../../../tools/simulator/process.ts";
import { BrokerProcess } from "../../e2e/support/broker-process.ts";
import { pairSettings, projectText, type Settings } from "../../e2e/support/project-text.ts";

const program = "/usr/bin/chromium";
export const user = "shift";
export const password = "correct horse";

/** A browser that starts takes the whole machine for a while; that is no failure of a server. */
export const patient = Object.freeze({ queryServerStatusInterval: 500, queryServerStatusTimeout: 8000 });

/** What the browser tests need and is not here; null = nothing. */
export function missingForBrowser(): string | null {
  return existsSync(program) ? null : `${program} missing`;
}

export interface ConsolePlantOptions {
  readonly pairs?: (members: Readonly<Record<Role, SimulatorProcess>>) => readonly Settings[];
  /** Settings of the console. */
  readonly more?: Settings;
  /** Protected servers. */
  readonly servers?: (members: Readonly<Record<Role, SimulatorProcess>>) => readonly Settings[];
}

/** Two simulators, a broker as it is delivered, its console, and a browser before it. */
export class ConsolePlant {
  readonly url: string;
  readonly broker: BrokerProcess;
  readonly members: Record<Role, SimulatorProcess>;
  readonly #browser: Browser;
  readonly #profile: string;
  readonly #contexts: BrowserContext[] = [];

  private constructor(parts: {
    url: string;
    broker: BrokerProcess;
    members: Record<Role, SimulatorProcess>;
    browser: Browser;
    profile: string;
  }) {
    this.url = parts.url;
    this.broker = parts.broker;
    this.members = parts.members;
    this.#browser = parts.browser;
    this.#profile = parts.profile;
  }

  static async start({ pairs, more = {}, servers }: ConsolePlantOptions = {}): Promise<ConsolePlant> {
    const [primary, secondary] = await Promise.all(
      roles.map((name) => SimulatorProcess.start({ name, items: 20, periodMs: 100 })),
    );
    if (!primary || !secondary) throw new Error("the simulators did not start");
    const members = { primary, secondary };
    const [port, consolePort] = [await freePort(), await freePort()];
    const settings = pairs?.(members) ?? [pairSettings("Boiler", "hot", members, patient)];
    const text = projectText(port, settings, {}, { port: consolePort, ...more }, servers?.(members) ?? []);
    const broker = await BrokerProcess.start(text);
    await new ConsoleUsers(broker.stateDirectory).set(user, password);
    const profile = mkdtempSync(join(tmpdir(), "understudy-browser-"));
    const browser = await chromium.launch({
      executablePath: program,
      headless: true,
      timeout: 60_000,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    return new ConsolePlant({ url: `http://127.0.0.1:${consolePort}/`, broker, members, browser, profile });
  }

  /** A page in a browser profile of its own; `width` in CSS pixels, `script` runs before the page's own. */
  async open(
    options: {
      readonly width?: number;
      readonly dark?: boolean;
      readonly path?: string;
      readonly script?: string;
    } = {},
  ): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1280, height: 800 },
      colorScheme: options.dark ? "dark" : "light",
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(30_000);
    this.#contexts.push(context);
    if (options.script !== undefined) await context.addInitScript({ content: options.script });
    const page = await context.newPage();
    await page.goto(`${this.url}${options.path ?? ""}`);
    return page;
  }

  /** Logs a page in. */
  async login(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Log in" }).click();
    const dialog = page.getByRole("dialog", { name: "Log in" });
    await dialog.getByLabel("User").fill(user);
    await dialog.getByLabel("Password").fill(password);
    await dialog.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("button", { name: `Log out ${user}` }).waitFor();
  }

  async stop(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.#browser.close();
    await this.broker.stop();
    await Promise.all(roles.map((role) => this.members[role].stop()));
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
