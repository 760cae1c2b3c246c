import { createServer } from "node:http";

/** A small service of the lab: argument 1 is what it answers to a GET, argument 2 its port. It writes `ready`. */
const [, , text = "", port = ""] = process.argv;
const server = createServer((_request, response) => {
  response.setHeader("connection", "close");
  response.end(text);
});
server.listen({ port: Number(port), host: "::" }, () => process.stdout.write("ready\n"));
