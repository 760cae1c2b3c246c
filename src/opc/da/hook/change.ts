import { type KeyPath, type RegistryStep, type RegistryValue, textOf } from "./registry.ts";

/** One change of the registry with what was there before: all that is needed to do it, to undo it, and to tell which. */
export type Change =
  | ({
      readonly kind: "value";
      readonly name: string;
      /** null = there was none, or there is none any more. */
      readonly before: RegistryValue | null;
      readonly after: RegistryValue | null;
    } & KeyPath)
  /** A key that is made, or one that is taken away once its values are gone. */
  | ({ readonly kind: "key"; readonly before: boolean; readonly after: boolean } & KeyPath);

export function stepFor(change: Change): RegistryStep {
  const { view, path } = change;
  switch (change.kind) {
    case "value":
      return valueStep(change, change.name, change.after);
    case "key":
      return { kind: change.after ? "make" : "prune", view, path };
  }
}

export function undoStepFor(change: Change): RegistryStep {
  const { view, path } = change;
  switch (change.kind) {
    case "value":
      return valueStep(change, change.name, change.before);
    case "key":
      return { kind: change.before ? "make" : "prune", view, path };
  }
}

function valueStep({ view, path }: KeyPath, name: string, value: RegistryValue | null): RegistryStep {
  return value === null ? { kind: "drop", view, path, name } : { kind: "put", view, path, name, value };
}

/** One line for people: what is done and what was there. */
export function describeChange(change: Change): string {
  const where = `HKLM\\${change.path} (${change.view}-bit)`;
  switch (change.kind) {
    case "key":
      return change.after ? `make key    ${where}` : `remove key  ${where}`;
    case "value": {
      const name = change.name === "" ? "(default)" : change.name;
      if (change.after === null) return `remove      ${where} ${name}, was ${show(change.before)}`;
      const was = change.before === null ? "" : `, was ${show(change.before)}`;
      return `set         ${where} ${name} = ${show(change.after)}${was}`;
    }
  }
}

function show(value: RegistryValue | null): string {
  if (value === null) return "nothing";
  const text = textOf(value);
  if (text !== null) return JSON.stringify(text);
  return value.type === 4
    ? String(Buffer.from(value.data, "hex").readUInt32LE())
    : `type ${value.type}: ${value.data}`;
}
