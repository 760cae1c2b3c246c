import { parseArgs } from "node:util";

export interface SimulatorOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly name: string;
  readonly items: number;
  readonly sines: number;
  readonly writables: number;
  /** Time between two values of a Ramp or Sine, in ms. */
  readonly periodMs: number;
  /** Offset of the publishing instants from the multiples of the publishing interval, in ms. */
  readonly phaseMs: number;
  readonly serviceLevel: number;
  /** Offers Basic256Sha256 SignAndEncrypt beside None. */
  readonly secure: boolean;
  readonly anonymous: boolean;
  /** Passwords by user name. */
  readonly users: ReadonlyMap<string, string>;
  /** Ends the process after so many ms; 0 = never. */
  readonly lifetimeMs: number;
  /** Ends the process when its standard input ends. */
  readonly watchParent: boolean;
  /** Writes the warnings of the OPC UA library to standard error. */
  readonly verbose: boolean;
}

export const usage = `Usage: simulator [options]
An OPC UA server whose values are functions of the wall clock: two of them give the same values.

  --host ADDRESS       address to listen on (127.0.0.1)
  --port N             port to listen on; 0 = any free one (0)
  --name TEXT          name of the server, part of its application URI (simulator)
  --items N            number of Ramp items (100)
  --sines N            number of Sine items (10)
  --writables N        number of Writable items, of all data types in turn (14)
  --period MS          time between two values of a Ramp or Sine (100)
  --phase MS           offset of the publishing instants from the multiples of their interval (3)
  --service-level N    value of Server.ServiceLevel (255)
  --secure             offer Basic256Sha256 SignAndEncrypt beside None
  --user NAME:PASSWORD admit this user; may be repeated
  --no-anonymous       admit only users
  --lifetime MS        end after this time
  --watch-parent       end when standard input ends
  --verbose            write the warnings of the OPC UA library to standard error
  --help               this text

One line of JSON on standard output says when the server is ready. Lines of JSON on standard input are
commands, e.g. {"id":1,"command":"quality","item":"ns=1;s=Ramp0","good":false}; each is answered.`;

/** @throws Error with a message for the user. */
export function parseOptions(args: readonly string[]): SimulatorOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    allowPositionals: false,
    options: {
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "0" },
      name: { type: "string", default: "simulator" },
      items: { type: "string", default: "100" },
      sines: { type: "string", default: "10" },
      writables: { type: "string", default: "14" },
      period: { type: "string", default: "100" },
      phase: { type: "string", default: "3" },
      "service-level": { type: "string", default: "255" },
      secure: { type: "boolean", default: false },
      user: { type: "string", multiple: true, default: [] },
      "no-anonymous": { type: "boolean", default: false },
      lifetime: { type: "string", default: "0" },
      "watch-parent": { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    host: values.host,
    port: whole("port", values.port, 0, 65_535),
    name: values.name,
    items: whole("items", values.items, 0, 1_000_000),
    sines: whole("sines", values.sines, 0, 1_000_000),
    writables: whole("writables", values.writables, 0, 1_000_000),
    periodMs: whole("period", values.period, 10, 3_600_000),
    phaseMs: whole("phase", values.phase, 0, 3_600_000),
    serviceLevel: whole("service-level", values["service-level"], 0, 255),
    secure: values.secure,
    anonymous: !values["no-anonymous"],
    users: new Map(values.user.map(splitUser)),
    lifetimeMs: whole("lifetime", values.lifetime, 0, 2_147_483_647),
    watchParent: values["watch-parent"],
    verbose: values.verbose,
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}

function splitUser(text: string): [string, string] {
  const colon = text.indexOf(":");
  if (colon < 1) throw new Error(`--user must be NAME:PASSWORD, not "${text}"`);
  return [text.slice(0, colon), text.slice(colon + 1)];
}
