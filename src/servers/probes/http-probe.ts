import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Probe, ProbeAnswer } from "./probe.ts";

export interface HttpProbeOptions {
  readonly url: string;
  /** null = any from 200 to 399. */
  readonly expectedStatus: number | null;
  readonly trustCertificate: boolean;
}

/** Whether a GET is answered with the right status. The body is not read, redirections are not followed. */
export function httpProbe({ url, expectedStatus, trustCertificate }: HttpProbeOptions): Probe {
  return {
    name: `GET ${url}`,
    ask(signal): Promise<ProbeAnswer> {
      return new Promise((resolve) => {
        const secure = url.startsWith("https:");
        const options = { signal, agent: false, headers: { connection: "close" } } as const;
        const request = secure
          ? requestHttps(url, { ...options, rejectUnauthorized: !trustCertificate })
          : requestHttp(url, options);
        request.once("response", (response) => {
          const status = response.statusCode ?? 0;
          const well = expectedStatus === null ? status >= 200 && status < 400 : status === expectedStatus;
          resolve({ verdict: well ? "well" : "failed", detail: `HTTP status ${status}` });
          request.destroy();
        });
        request.on("error", (error) => resolve({ verdict: "failed", detail: error.message }));
        request.end();
      });
    },
  };
}
