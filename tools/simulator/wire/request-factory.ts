import type { ExpandedNodeId } from "node-opcua";
import { CreateMonitoredItemsRequest, PublishRequest, ReadRequest } from "node-opcua";
import { getStandardDataTypeFactory } from "node-opcua-factory";
import { RawRequest } from "../../../src/opc/ua/wire/raw-message.ts";

export const unknownRequest = "UnknownRequest";

const handParsed = new Map(
  [ReadRequest, CreateMonitoredItemsRequest, PublishRequest].map((Request) => {
    const { schema } = new Request();
    return [schema.encodingDefaultBinary?.value as number | undefined, schema];
  }),
);

/** Leaves the services that carry the load as bytes; everything else is decoded by the library. */
export const simulatorRequestFactory = {
  constructObject(id: ExpandedNodeId): never {
    const schema = id.namespace === 0 ? handParsed.get(id.value as number) : undefined;
    if (schema) return new RawRequest(schema) as never;
    const standard = getStandardDataTypeFactory();
    if (standard.hasConstructor(id)) return standard.constructObject(id) as never;
    return new RawRequest({ name: unknownRequest }) as never;
  },
  hasConstructor: (): boolean => true,
};
