import { Command, InvalidArgumentError } from "commander";
import type { ProbeSettings } from "../project/server.ts";
import type { NewServer } from "../project/servers.ts";
import { answer, type CliContext, globalOptions } from "./command.ts";
import { editProject, editText } from "./edit-project.ts";

interface AddOptions {
  readonly probe: readonly NewProbe[];
  readonly witness: readonly string[];
  readonly pingInterval?: number;
  readonly pingTimeout?: number;
  readonly failAfter?: number;
  readonly manual?: boolean;
  readonly assume: readonly { readonly address: string; readonly interface: string }[];
  readonly unit: readonly string[];
}

type NewProbe = NonNullable<NewServer["probes"]>[number];

export function serverAddCommand({ terminal }: CliContext): Command {
  return new Command("add")
    .summary("add a protected server to the project file")
    .description(
      "Adds a protected server to the project file, which is created if it is missing. It is disabled at first; " +
        "'understudy server enable' begins to watch it. Replication, scripts, DNS and all other settings are edited " +
        "in the file itself.",
    )
    .argument("<server>", "name of the server")
    .argument("<address>", "its host name or IP address")
    .option(
      "--probe <what>",
      "how to ask it: icmp, tcp:PORT, http://..., https://..., opc.tcp://..., or the absolute path of a program; may be repeated (default: icmp)",
      collect(parseProbe),
      [],
    )
    .option("--witness <address>", "pinged when the server is silent; may be repeated", collect(String), [])
    .option("--ping-interval <ms>", "time between two rounds of probes", parseNumber)
    .option("--ping-timeout <ms>", "time after which a round is missed", parseNumber)
    .option("--fail-after <count>", "missed rounds in a row that make a failure", parseNumber)
    .option("--manual", "take over only when an operator approves it")
    .option(
      "--assume <address/prefix@interface>",
      "address of the server to take over, and this machine's interface for it; may be repeated",
      collect(parseTaken),
      [],
    )
    .option("--unit <name>", "systemd unit to start at a takeover; may be repeated", collect(String), [])
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  understudy server add files 192.0.2.10 --witness 192.0.2.1\n" +
        "  understudy server add web 192.0.2.11 --probe icmp --probe http://192.0.2.11/health \\\n" +
        "    --assume 192.0.2.11/24@eth0 --unit nginx.service",
    )
    .action(async (name: string, address: string, own: AddOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const outcome = await editProject(options, {
        edit: (document) => document.addServer(newServer(name, address, own)),
        createIfMissing: true,
      });
      await answer(terminal, options, { server: name, ...outcome }, () =>
        editText(`Added server '${name}'`, outcome).concat(
          `Enable it with: understudy server enable ${name}\n`,
        ),
      );
    });
}

function newServer(name: string, address: string, own: AddOptions): NewServer {
  return {
    name,
    address,
    probes: own.probe,
    witnesses: own.witness,
    ...(own.pingInterval === undefined ? {} : { pingInterval: own.pingInterval }),
    ...(own.pingTimeout === undefined ? {} : { pingTimeout: own.pingTimeout }),
    failover: {
      ...(own.failAfter === undefined
        ? {}
        : { failAfter: own.failAfter, warnAfter: Math.min(5, own.failAfter) }),
      ...(own.manual === true ? { approval: "manual" as const } : {}),
    },
    takeover: {
      assumeIpAddress: own.assume.length > 0,
      addresses: own.assume,
      services: own.unit.map((unit) => ({ name: unit, unit })),
    },
  };
}

export function parseProbe(text: string): NewProbe {
  if (text === "icmp") return { kind: "icmp" };
  const port = /^tcp:([0-9]{1,5})$/.exec(text)?.[1];
  if (port !== undefined) return { kind: "tcp", port: Number(port) };
  const kinds: readonly (readonly [RegExp, ProbeSettings["kind"]])[] = [
    [/^https?:\/\//, "http"],
    [/^opc\.tcp:\/\//, "opc"],
  ];
  for (const [pattern, kind] of kinds) if (pattern.test(text)) return { kind, url: text };
  if (text.startsWith("/")) return { kind: "command", command: { program: text } };
  throw new InvalidArgumentError("Expected icmp, tcp:PORT, a URL, or the absolute path of a program.");
}

function parseTaken(text: string): { readonly address: string; readonly interface: string } {
  const [address = "", name = ""] = text.split("@");
  if (address !== "" && name !== "") return { address, interface: name };
  throw new InvalidArgumentError("Expected e.g. 192.0.2.10/24@eth0.");
}

function parseNumber(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number.");
}

function collect<T>(parse: (text: string) => T): (text: string, before: readonly T[]) => readonly T[] {
  return (text, before) => [...before, parse(text)];
}
