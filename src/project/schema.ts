import schemaJson from "../../config/project.schema.json" with { type: "json" };
import { fieldOf, type ObjectField, type SchemaNode } from "./field.ts";

/** config/project.schema.json: the one source of validation, defaults and descriptions of the project. */
export const projectSchema: SchemaNode = schemaJson as SchemaNode;

export const rootElementName = "redundancymaster";

/** The version that is written. Older ones are read by way of src/project/migrations. */
export const projectVersion = schemaJson.properties.version.const as 2;

/** The same as a tree of fields. */
export const projectField: ObjectField = rootField();

function rootField(): ObjectField {
  const field = fieldOf(projectSchema);
  if (field.kind !== "object") throw new Error("config/project.schema.json must describe an object");
  return field;
}
