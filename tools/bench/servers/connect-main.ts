import { connect } from "node:net";

/**
 * Connects to an address again and again, a new connection every few milliseconds whatever became of the others, and
 * writes when the answer first holds a given text. Arguments: address, port, text.
 */
const [, , host = "", port = "", text = ""] = process.argv;
const everyMs = 5;
const patienceMs = 400;
let isFirst = true;
let isServed = false;

function attempt(): void {
  const socket = connect({ host, port: Number(port) });
  let answer = "";
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.on("connect", () => socket.write("GET / HTTP/1.0\r\n\r\n"));
  socket.on("data", (data) => {
    answer += data.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.on("close", () => take(answer));
}

function take(answer: string): void {
  const body = answer.split("\r\n\r\n")[1];
  if (body === undefined || isServed) return;
  if (isFirst) process.stdout.write(`first answer: ${body}\n`);
  isFirst = false;
  if (body !== text) return;
  isServed = true;
  clearInterval(timer);
  process.stdout.write(`served at ${performance.timeOrigin + performance.now()}\n`);
}

const timer = setInterval(attempt, everyMs);
