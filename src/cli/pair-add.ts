import { Command, InvalidArgumentError, Option } from "commander";
import type { ConnectionMode } from "../core/policy.ts";
import type { NewMember, NewPair } from "../project/pairs.ts";
import type { Pair, SecurityPolicyName } from "../project/project.ts";
import { answer, type CliContext, globalOptions } from "./command.ts";
import { editProject, editText } from "./edit-project.ts";

interface AddOptions {
  readonly primary: Place;
  readonly secondary: Place;
  readonly protocol: Pair["protocol"];
  readonly alias?: string;
  readonly mode?: ConnectionMode;
  readonly reconnectToPrimary?: boolean;
  readonly queryInterval?: number;
  readonly queryTimeout?: number;
  readonly port?: number;
  readonly opcDaClients?: boolean;
  readonly security?: SecurityPolicyName;
  readonly trustServerCertificates?: boolean;
}

type Place = Pick<NewMember, "machine" | "endpointUrl">;

export function pairAddCommand({ terminal }: CliContext): Command {
  return new Command("add")
    .summary("add a pair to the project file")
    .description(
      "Adds a pair to the project file, which is created if it is missing. The pair is disabled at first; " +
        "'understudy pair enable' starts it. Settings without an option here (monitor items, counts, limits) are " +
        "edited in the file itself.",
    )
    .argument(
      "<server>",
      "endpoint name (OPC UA) or ProgID (OPC DA); also the pair's name unless --alias is given",
    )
    .addOption(
      new Option(
        "--primary <place>",
        "preferred server: machine name, IP address, opc.tcp:// or opcda:// URL",
      )
        .argParser(parsePlace)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--secondary <place>", "the server that stands in: as --primary")
        .argParser(parsePlace)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--protocol <protocol>", "protocol of both").choices(["opcua", "opcda"]).default("opcua"),
    )
    .option("--alias <name>", "name under which clients see the pair")
    .addOption(new Option("--mode <mode>", "connection mode").choices(["cold", "warm", "hot"]))
    .option("--reconnect-to-primary", "go back to the primary whenever it is available")
    .option("--query-interval <ms>", "time between two status queries", parseNumber)
    .option("--query-timeout <ms>", "time after which an unanswered status query is missed", parseNumber)
    .option("--port <number>", "a port of the pair's own beside the shared one", parseNumber)
    .option("--opc-da-clients", "admit OPC DA clients to a pair of OPC UA servers; its name becomes a ProgID")
    .addOption(
      new Option("--security <policy>", "security of the broker's own connections to both servers").choices([
        "None",
        "Basic256Sha256",
      ]),
    )
    .option("--trust-server-certificates", "accept both servers' certificates without a trust list entry")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  understudy pair add Boiler --primary plc-a --secondary plc-b --mode warm\n" +
        "  understudy pair add Boiler --primary opc.tcp://10.0.0.1:4840/srv --secondary opc.tcp://10.0.0.2:4840/srv\n" +
        "  understudy pair add Vendor.Server.1 --protocol opcda --primary localhost --secondary plc-b\n" +
        "  understudy pair add Mill --protocol opcda --primary opcda://localhost/Vendor.Server.1 " +
        "--secondary opcda://localhost/Vendor.Server.2",
    )
    .action(async (server: string, own: AddOptions, command: Command) => {
      const options = globalOptions(command, terminal);
      const outcome = await editProject(options, {
        edit: (document) => document.addPair(newPair(server, own)),
        createIfMissing: true,
      });
      const name = own.alias ?? server;
      await answer(terminal, options, { pair: name, ...outcome }, () =>
        editText(`Added pair '${name}'`, outcome).concat(
          `Enable it with: understudy pair enable ${quoted(name)}\n`,
        ),
      );
    });
}

function newPair(server: string, own: AddOptions): NewPair {
  const member = (place: Place): NewMember => ({
    ...place,
    securityPolicy: own.security,
    trustServerCertificate: own.trustServerCertificates,
  });
  return {
    server,
    protocol: own.protocol,
    primary: member(own.primary),
    secondary: member(own.secondary),
    alias: own.alias,
    connectionMode: own.mode,
    alwaysReconnectToPrimary: own.reconnectToPrimary,
    queryServerStatusInterval: own.queryInterval,
    queryServerStatusTimeout: own.queryTimeout,
    port: own.port,
    opcDaClients: own.opcDaClients,
  };
}

/** A machine, or an endpoint URL with the machine in it. */
export function parsePlace(text: string): Place {
  if (!text.includes("://")) return { machine: text };
  const [, da] = /^opcda:\/\/([^/]+)\/[^/]+$/.exec(text) ?? [];
  const [, bracketed, plain] =
    /^opc\.tcp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^/:?#]+))(?::\d+)?(?:\/.*)?$/.exec(text) ?? [];
  const machine = da ?? bracketed ?? plain;
  if (machine === undefined) {
    throw new InvalidArgumentError(
      "Give a machine name, an IP address, or a URL such as opc.tcp://plc-a:4840 or opcda://plc-a/Vendor.Server.1.",
    );
  }
  return { machine, endpointUrl: text };
}

function parseNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Give a whole number.");
  return Number(text);
}

function quoted(name: string): string {
  return /^[\w.:/-]+$/.test(name) ? name : `'${name}'`;
}
