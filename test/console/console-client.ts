import { request as httpRequest } from "node:http";

export const user = "shift";
export const password = "correct horse";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  json<T>(): T;
}

/** A browser's manners: keeps the cookie and sends the token. */
export class ConsoleClient {
  readonly #url: string;
  #cookie = "";
  #csrf = "";

  constructor(url: string) {
    this.#url = url;
  }

  /** Gets the token that changes need. */
  async refresh(): Promise<void> {
    this.#csrf = (await this.ask("GET", "/api/v1/session")).json<{ csrfToken: string }>().csrfToken;
  }

  async login(name = user, word = password): Promise<Answer> {
    const answer = await this.ask("POST", "/api/v1/session", { user: name, password: word });
    if (answer.status === 200) this.#csrf = answer.json<{ csrfToken: string }>().csrfToken;
    return answer;
  }

  ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
    onPart: (part: string) => void = () => undefined,
  ): Promise<Answer> {
    const url = new URL(this.#url);
    const text =
      body === undefined
        ? null
        : typeof body === "string" || body instanceof Uint8Array
          ? body
          : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          host: url.hostname,
          port: url.port,
          method,
          path,
          signal,
          headers: {
            ...(this.#cookie === "" ? {} : { cookie: this.#cookie }),
            ...(this.#csrf === "" ? {} : { "x-csrf-token": this.#csrf }),
            ...(text === null
              ? {}
              : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
            ...headers,
          },
        },
        (response) => {
          const [cookie] = response.headers["set-cookie"] ?? [];
          if (cookie !== undefined) this.#cookie = cookie.split(";")[0] ?? "";
          let answer = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            answer += part;
            onPart(part);
          });
          response.on("error", reject);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: answer,
              json: <T>() => JSON.parse(answer) as T,
            }),
          );
        },
      );
      request.on("error", reject);
      request.end(text ?? undefined);
    });
  }
}
