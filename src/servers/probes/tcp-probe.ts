import { connect } from "node:net";
import type { Probe, ProbeAnswer } from "./probe.ts";

/** Time a server has to close its side, in ms. */
const farewellMs = 1000;

/** Whether a TCP connection is accepted. It is closed at once. */
export function tcpProbe(host: string, port: number): Probe {
  return {
    name: `TCP ${host}:${port}`,
    ask(signal): Promise<ProbeAnswer> {
      return new Promise((resolve) => {
        const socket = connect({ host, port });
        const end = (answer: ProbeAnswer): void => {
          signal.removeEventListener("abort", abort);
          socket.destroy();
          resolve(answer);
        };
        const abort = (): void => end({ verdict: "failed", detail: "broken off" });
        signal.addEventListener("abort", abort, { once: true });
        socket.once("connect", () => {
          signal.removeEventListener("abort", abort);
          resolve({ verdict: "well", detail: "connected" });
          // Taken leave of in good order: what the server has to say is read, so that it sees no reset connection.
          socket.resume();
          socket.end();
          setTimeout(() => socket.destroy(), farewellMs).unref();
        });
        socket.on("error", (error) => end({ verdict: "failed", detail: error.message }));
      });
    },
  };
}
