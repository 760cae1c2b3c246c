import * as ua from "node-opcua";
import { getStandardDataTypeFactory } from "node-opcua-factory";
import { RawRequest, RawResponse, type RawService, rawServices } from "./raw-message.ts";

interface Decodable {
  readonly schema: { readonly name: string; readonly encodingDefaultBinary?: ua.ExpandedNodeId };
}

/** What node-opcua's channel layers ask to make the object that a message is decoded into. */
export interface ObjectFactory {
  constructObject(id: ua.ExpandedNodeId): never;
  hasConstructor(id: ua.ExpandedNodeId): boolean;
}

const messages = ua as unknown as Record<string, new () => Decodable>;

function schemaOf(name: string): Decodable["schema"] {
  const Message = messages[name];
  if (!Message) throw new Error(`node-opcua has no ${name}`);
  return new Message().schema;
}

const requestSchemas = new Map(rawServices.map((service) => [service, schemaOf(`${service}Request`)]));
const responseSchemas = new Map(rawServices.map((service) => [service, schemaOf(`${service}Response`)]));

function byTypeId(schemas: ReadonlyMap<RawService, Decodable["schema"]>): Map<unknown, Decodable["schema"]> {
  return new Map([...schemas.values()].map((schema) => [schema.encodingDefaultBinary?.value, schema]));
}

const requestsById = byTypeId(requestSchemas);
const responsesById = byTypeId(responseSchemas);

/** A raw request of the service, with an empty header to fill in. */
export function rawRequest(service: RawService, body: Buffer): RawRequest {
  return new RawRequest(requestSchemas.get(service) as Decodable["schema"], body);
}

/** A raw response of the service with a Good header. */
export function rawResponse(service: RawService, ...parts: readonly Buffer[]): RawResponse {
  return new RawResponse(responseSchemas.get(service) as Decodable["schema"], parts);
}

/** Name of a request no factory knows; the dispatcher answers it with BadServiceUnsupported. */
export const unknownRequestName = "UnknownRequest";

/**
 * For the server side: requests of the raw services keep their bytes, all others are decoded, and
 * a type no one knows becomes an {@link unknownRequestName} instead of an aborted channel.
 */
export const requestFactory: ObjectFactory = {
  constructObject(id) {
    const schema = id.namespace === 0 ? requestsById.get(id.value) : undefined;
    if (schema) return new RawRequest(schema) as never;
    const standard = getStandardDataTypeFactory();
    if (standard.hasConstructor(id)) return standard.constructObject(id) as never;
    return new RawRequest({ name: unknownRequestName }) as never;
  },
  hasConstructor: () => true,
};

/** For the client side: a raw response object for a type id of the raw services, else null. */
export function rawResponseFor(id: ua.ExpandedNodeId): RawResponse | null {
  const schema = id.namespace === 0 ? responsesById.get(id.value) : undefined;
  return schema ? new RawResponse(schema) : null;
}
