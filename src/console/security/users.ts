import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { UnderstudyError } from "../../core/error.ts";
import { writeFileAtomically } from "../../project/atomic-file.ts";
import { ensureStateDirectory } from "../../project/state-directory.ts";

const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;
const keyBytes = 32;
/** Shortest password that is taken, in characters (NIST SP 800-63B). */
export const shortestPassword = 8;
const longestPassword = 1024;

interface StoredUser {
  readonly name: string;
  readonly salt: string;
  readonly hash: string;
}

/**
 * Who may change things in the console: state of this machine, never of the project. Passwords are kept as scrypt
 * hashes in `console-users.json`, which only its owner can read. There is nobody at first.
 */
export class ConsoleUsers {
  readonly #stateDirectory: string;

  constructor(stateDirectory: string) {
    this.#stateDirectory = stateDirectory;
  }

  async names(): Promise<readonly string[]> {
    return (await this.#read()).map(({ name }) => name);
  }

  /** Adds a user, or gives one a new password. Throws CONSOLE_USER_INVALID, CONSOLE_PASSWORD_WEAK. */
  async set(name: string, password: string): Promise<void> {
    if (!/^[^\s\p{Cc}:"<>&]{1,64}$/u.test(name)) {
      throw new UnderstudyError(
        "CONSOLE_USER_INVALID",
        'A user name has 1 to 64 characters, no blanks, none of : " < > &.',
      );
    }
    if (password.length < shortestPassword || password.length > longestPassword) {
      throw new UnderstudyError(
        "CONSOLE_PASSWORD_WEAK",
        `A password has at least ${shortestPassword} characters.`,
      );
    }
    const salt = randomBytes(16);
    const hash = await derive(password, salt, keyBytes);
    const user = { name, salt: salt.toString("base64"), hash: hash.toString("base64") };
    const others = (await this.#read()).filter((each) => each.name !== name);
    await this.#write([...others, user]);
  }

  /** Throws CONSOLE_USER_UNKNOWN. */
  async remove(name: string): Promise<void> {
    const users = await this.#read();
    if (!users.some((user) => user.name === name)) {
      throw new UnderstudyError("CONSOLE_USER_UNKNOWN", `There is no console user '${name}'.`);
    }
    await this.#write(users.filter((user) => user.name !== name));
  }

  /** Whether name and password belong together; takes as long for names that do not exist. */
  async verify(name: string, password: string): Promise<boolean> {
    const user = (await this.#read()).find((each) => each.name === name);
    const salt = Buffer.from(user?.salt ?? "AAAAAAAAAAAAAAAAAAAAAA==", "base64");
    const expected = user ? Buffer.from(user.hash, "base64") : Buffer.alloc(keyBytes);
    const actual = await derive(password.slice(0, longestPassword), salt, keyBytes);
    return user !== undefined && expected.length === keyBytes && timingSafeEqual(actual, expected);
  }

  get #file(): string {
    return join(this.#stateDirectory, "console-users.json");
  }

  async #read(): Promise<readonly StoredUser[]> {
    let text: string;
    try {
      text = await readFile(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw new UnderstudyError("CONSOLE_USERS_UNREADABLE", `${this.#file} cannot be read.`, {
        cause: error,
      });
    }
    try {
      const { users } = JSON.parse(text) as { readonly users: readonly StoredUser[] };
      if (
        !users.every(({ name, salt, hash }) => [name, salt, hash].every((each) => typeof each === "string"))
      ) {
        throw new TypeError("a user is incomplete");
      }
      return users;
    } catch (error) {
      const message = `${this.#file} is damaged. Remove it and add the users again.`;
      throw new UnderstudyError("CONSOLE_USERS_UNREADABLE", message, { cause: error });
    }
  }

  async #write(users: readonly StoredUser[]): Promise<void> {
    await ensureStateDirectory(this.#stateDirectory);
    await writeFileAtomically(this.#file, `${JSON.stringify({ users }, null, 2)}\n`, 0o600);
  }
}
