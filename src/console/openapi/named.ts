import { NamedShapes } from "./shape.ts";

/** The schemas of the document that have a name of their own. */
export const named = new NamedShapes();
