/** Who a line of the demo is about. */
export type Speaker = "plant" | "broker" | "client";

/** Prints the demo's story; colours only where a person watches a terminal. */
export interface Narrator {
  heading(text: string): void;
  /** A paragraph of the guide. */
  say(text: string): void;
  line(speaker: Speaker, text: string): void;
  result(text: string): void;
  /** A line that is not broken. */
  row(text: string): void;
  blank(): void;
}

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const defaultColumns = 110;
const colours: Readonly<Record<Speaker, string>> = Object.freeze({ plant: "33", broker: "36", client: "32" });

export function createNarrator(output: Output, environment: NodeJS.ProcessEnv): Narrator {
  const isColoured = output.isTTY === true && (environment["NO_COLOR"] ?? "") === "";
  const paint = (code: string, text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
  const width = () => Math.max(60, output.columns ?? defaultColumns);
  const print = (text: string) => output.write(`${text}\n`);
  return {
    heading: (text) => print(`\n${paint("1", text)}`),
    say: (text) => print(wrap(text, width(), "")),
    line: (speaker, text) =>
      print(
        `  ${paint(colours[speaker], speaker.padEnd(6))}  ${wrap(text, width(), " ".repeat(10)).trimStart()}`,
      ),
    result: (text) => print(paint("1", wrap(text, width(), "  "))),
    row: (text) => print(`  ${text}`),
    blank: () => print(""),
  };
}

/** Breaks a text at blanks; every line begins with the indent. */
export function wrap(text: string, columns: number, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > columns) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line].join("\n");
}
