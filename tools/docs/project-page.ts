import { expectationOf, type Field, type ObjectField } from "../../src/project/field.ts";
import { projectErrorMeanings } from "../../src/project/project-error.ts";
import { projectField, projectVersion, rootElementName } from "../../src/project/schema.ts";

/** The page docs/project-file.md, made from config/project.schema.json. */
export function projectPage(): string {
  return `# The project file

<!-- Made from config/project.schema.json by tools/docs; do not edit. -->

${projectField.description}

The file is called \`redundancymaster.xml\`. It is XML in UTF-8, of at most 4 MiB. \`understudy check\` says what is
wrong with it: the file, line and column, the path of the element, what was found and what was expected. A
running broker takes a changed file over with \`understudy reload\`; where the file is wrong in any place, nothing
of it is taken over and the broker goes on as before.

How it is written:

- The root element is \`<${rootElementName} version="${projectVersion}">\`. No other element has attributes.
- A file of an older version is read as it is and saved in this one with the first change that is made to it;
  \`understudy check\` says what will be written differently. A file of a later version is refused.
- Every other element stands once at most and in any order. What is left out has its default.
- A list is an element with one child element per entry, such as \`<pairs>\` with \`<pair>\`.
- Numbers are whole, without unit; times are in milliseconds. Yes and no are \`true\` and \`false\`.
- Blanks around a value do not count. Those that do are written \`&#x20;\`, or within CDATA.
- Names of pairs and protected servers differ by more than the case of their letters.
- A DOCTYPE, and with it every entity declaration, is refused; so are processing instructions.
- Passwords never stand in the file, only where they are found: \`env:NAME\` (environment variable) or
  \`file:PATH\` (a file, relative to the project file).
- Comments, order and blanks stay as they are when Understudy changes the file.

The smallest pair:

\`\`\`xml
<?xml version="1.0" encoding="UTF-8"?>
<redundancymaster version="${projectVersion}">
  <pairs>
    <pair>
      <server>Plant.Server</server>
      <protocol>opcua</protocol>
      <primary><machine>server-a</machine></primary>
      <secondary><machine>server-b</machine></secondary>
    </pair>
  </pairs>
</redundancymaster>
\`\`\`

In the tables "reconnects" means: a change makes the broker connect anew, to the servers of that pair alone, or,
under \`opcUa\`, listen anew for all clients. All other changes are applied without touching a connection.

${sections().join("\n")}
## Error codes

| code | meaning |
|---|---|
${Object.entries(projectErrorMeanings)
  .map(([code, meaning]) => `| \`${code}\` | ${meaning} |\n`)
  .join("")}`;
}

/** A section for every kind of object; objects with the same elements share one. */
function sections(): string[] {
  const kinds = new Map<string, { readonly field: ObjectField; readonly paths: string[] }>();
  const visit = (field: ObjectField, path: string): void => {
    const kind = kinds.get(shapeOf(field));
    if (kind === undefined) kinds.set(shapeOf(field), { field, paths: [path] });
    else kind.paths.push(path);
    for (const [name, property] of field.properties) {
      const object = property.kind === "array" ? property.item : property;
      const at = property.kind === "array" ? `${name}/${property.element}` : name;
      if (object.kind === "object") visit(object, path === rootElementName ? at : `${path}/${at}`);
    }
  };
  visit(projectField, rootElementName);
  return [...kinds.values()].map(({ field, paths }) => {
    const heading = paths.map((path) => `\`${path}\``).join(", ");
    const description = field === projectField || paths.length > 1 ? "" : `${field.description}\n\n`;
    const rows = [...field.properties]
      .filter(([, property]) => !property.attribute)
      .map(([name, property]) => rowOf(name, property, field.required.has(name)));
    return `## ${heading}\n\n${description}| element | value | default | meaning |\n|---|---|---|---|\n${rows.join("")}`;
  });
}

function shapeOf(field: ObjectField): string {
  return [...field.properties.keys()].join();
}

function rowOf(name: string, field: Field, required: boolean): string {
  const reconnects = field.requiresReconnect ? " *Reconnects.*" : "";
  const cells = [
    `\`${name}\``,
    valueText(field),
    defaultText(field, required),
    `${field.description}${reconnects}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |\n`;
}

function valueText(field: Field): string {
  if (field.kind === "object") return "elements, see below";
  if (field.kind !== "array") return expectationOf(field);
  const least = field.minItems > 0 ? `${field.minItems} to ` : "at most ";
  return `${least}${field.maxItems} \`${field.element}\`${field.item.kind === "object" ? ", see below" : `: ${expectationOf(field.item)}`}`;
}

function defaultText(field: Field, required: boolean): string {
  if (required) return "**required**";
  if (field.default === null || field.default === undefined) return "none";
  if (field.kind === "object") return "see below";
  if (Array.isArray(field.default)) return field.default.length === 0 ? "none" : field.default.join(", ");
  return field.default === "" ? "empty" : String(field.default);
}
