import type { Command } from "commander";
import { createProgram } from "../../src/cli/program.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

/** Help is made for this many columns, whatever the terminal. */
const helpWidth = 110;

/** The page docs/cli.md, made from the help texts. */
export function cliPage(): string {
  const program = createProgram(
    {
      terminal: nowhere,
      loadBroker: () => Promise.reject(new Error("help needs no broker")),
      setExitCode: () => undefined,
    },
    helpWidth,
  );
  return `# Command line

<!-- Made from the help texts in src/cli by tools/docs; do not edit. -->

${sections(program, "understudy").join("\n")}`;
}

function sections(command: Command, name: string): string[] {
  const own = `${"#".repeat(Math.min(name.split(" ").length + 1, 4))} ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`;
  return [own, ...command.commands.flatMap((child) => sections(child, `${name} ${child.name()}`))];
}

/** Help as printed, with what is added before and after it. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text.trimEnd();
}

const nowhere: Terminal = Object.freeze<Terminal>({
  environment: {},
  workingDirectory: "/",
  home: "/",
  platform: "linux",
  isRoot: false,
  errorIsTty: false,
  userName: "operator",
  print: () => Promise.resolve(),
  outliveReader: () => undefined,
  complain: () => undefined,
});
