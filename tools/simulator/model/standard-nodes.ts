import {
  DataType,
  NodeClass,
  ServerState,
  ServerStatusDataType,
  type Variant,
  VariantArrayType,
} from "node-opcua";
import type { Faults } from "../faults.ts";
import { AddressSpace, ids, referenceTypes } from "./address-space.ts";
import { array, ComputedSource, StoredSource, scalar } from "./sources.ts";

/** The namespace of all simulated items; the same on every simulator. */
export const simulatorNamespaceUri = "urn:understudy:simulator";
const uaNamespaceUri = "http://opcfoundation.org/UA/";

export interface ServerIdentity {
  readonly applicationUri: string;
  readonly serviceLevel: number;
  readonly startTimeMs: number;
}

export interface OperationLimits {
  readonly maxNodesPerRead: number;
  readonly maxNodesPerWrite: number;
  readonly maxMonitoredItemsPerCall: number;
  readonly maxBrowseContinuationPoints: number;
}

/** Root, Objects, Types, the Server object and the types other nodes refer to (Part 5). */
export function standardNodes(
  identity: ServerIdentity,
  limits: OperationLimits,
  faults: Faults,
): AddressSpace {
  const space = new AddressSpace();
  space.addObject("i=84", "Root", null);
  space.addObject(ids.objects, "Objects", "i=84");
  space.addObject("i=86", "Types", "i=84");
  space.addObject("i=87", "Views", "i=84");
  addTypes(space);
  addServerObject(space, identity, limits, faults);
  return space;
}

function addTypes(space: AddressSpace): void {
  space.addObject("i=88", "ObjectTypes", "i=86");
  space.addObject("i=89", "VariableTypes", "i=86");
  space.addObject("i=90", "DataTypes", "i=86");
  space.addObject("i=91", "ReferenceTypes", "i=86");
  const addType = (id: string, name: string, parent: string, nodeClass: NodeClass) =>
    space.addObject(id, name, parent, {
      nodeClass,
      typeDefinition: null,
      referenceType: space.get(parent)?.nodeClass === nodeClass ? ids.hasSubtype : ids.organizes,
    });
  for (const [id, superType, name] of referenceTypes) {
    addType(id, name, superType ?? "i=91", NodeClass.ReferenceType);
  }
  addType("i=58", "BaseObjectType", "i=88", NodeClass.ObjectType);
  addType(ids.folderType, "FolderType", "i=58", NodeClass.ObjectType);
  addType("i=2004", "ServerType", "i=58", NodeClass.ObjectType);
  addType("i=62", "BaseVariableType", "i=89", NodeClass.VariableType);
  addType(ids.baseDataVariableType, "BaseDataVariableType", "i=62", NodeClass.VariableType);
  addType(ids.propertyType, "PropertyType", "i=62", NodeClass.VariableType);
  addType("i=24", "BaseDataType", "i=90", NodeClass.DataType);
  for (const [id, superType, name] of dataTypes)
    addType(`i=${id}`, name, `i=${superType}`, NodeClass.DataType);
}

const dataTypes: readonly (readonly [id: number, superType: number, name: string])[] = [
  [1, 24, "Boolean"],
  [12, 24, "String"],
  [13, 24, "DateTime"],
  [14, 24, "Guid"],
  [15, 24, "ByteString"],
  [17, 24, "NodeId"],
  [19, 24, "StatusCode"],
  [20, 24, "QualifiedName"],
  [21, 24, "LocalizedText"],
  [22, 24, "Structure"],
  [26, 24, "Number"],
  [27, 26, "Integer"],
  [28, 26, "UInteger"],
  [10, 26, "Float"],
  [11, 26, "Double"],
  [2, 27, "SByte"],
  [4, 27, "Int16"],
  [6, 27, "Int32"],
  [8, 27, "Int64"],
  [3, 28, "Byte"],
  [5, 28, "UInt16"],
  [7, 28, "UInt32"],
  [9, 28, "UInt64"],
  [29, 24, "Enumeration"],
  [852, 29, "ServerState"],
  [862, 22, "ServerStatusDataType"],
  [338, 22, "BuildInfo"],
  [296, 22, "Argument"],
  [294, 13, "UtcTime"],
];

function addServerObject(
  space: AddressSpace,
  identity: ServerIdentity,
  limits: OperationLimits,
  faults: Faults,
): void {
  const now = identity.startTimeMs;
  space.addObject(ids.server, "Server", ids.objects, { typeDefinition: "i=2004" });
  const property = (id: number, name: string, parent: string, value: Variant) =>
    space.addVariable(`i=${id}`, name, parent, {
      dataType: `i=${value.dataType}`,
      valueRank: value.arrayType === VariantArrayType.Array ? 1 : -1,
      source: new StoredSource(value, now),
      referenceType: ids.hasProperty,
    });
  property(2254, "ServerArray", ids.server, array(DataType.String, [identity.applicationUri]));
  property(
    2255,
    "NamespaceArray",
    ids.server,
    array(DataType.String, [uaNamespaceUri, simulatorNamespaceUri]),
  );
  property(2267, "ServiceLevel", ids.server, scalar(DataType.Byte, identity.serviceLevel));
  property(2994, "Auditing", ids.server, scalar(DataType.Boolean, false));

  addServerStatus(space, identity, faults);

  space.addObject("i=2268", "ServerCapabilities", ids.server, { referenceType: ids.hasComponent });
  property(
    2735,
    "MaxBrowseContinuationPoints",
    "i=2268",
    scalar(DataType.UInt16, limits.maxBrowseContinuationPoints),
  );
  property(2272, "MinSupportedSampleRate", "i=2268", scalar(DataType.Double, 10));
  property(2271, "LocaleIdArray", "i=2268", array(DataType.String, ["en"]));
  property(2269, "ServerProfileArray", "i=2268", array(DataType.String, []));
  space.addObject("i=11704", "OperationLimits", "i=2268", { referenceType: ids.hasComponent });
  property(11705, "MaxNodesPerRead", "i=11704", scalar(DataType.UInt32, limits.maxNodesPerRead));
  property(11707, "MaxNodesPerWrite", "i=11704", scalar(DataType.UInt32, limits.maxNodesPerWrite));
  property(
    11714,
    "MaxMonitoredItemsPerCall",
    "i=11704",
    scalar(DataType.UInt32, limits.maxMonitoredItemsPerCall),
  );

  space.addObject("i=2296", "ServerRedundancy", ids.server, { referenceType: ids.hasComponent });
  property(3709, "RedundancySupport", "i=2296", scalar(DataType.Int32, 0));
}

function addServerStatus(space: AddressSpace, identity: ServerIdentity, faults: Faults): void {
  const startTime = new Date(identity.startTimeMs);
  const state = () => (faults.shutdown ? ServerState.Shutdown : ServerState.Running);
  const secondsLeft = (now: number) =>
    faults.shutdown ? Math.max(0, Math.ceil((faults.shutdown.atMs - now) / 1000)) : 0;
  const reason = () => ({ text: faults.shutdown?.reason ?? "", locale: null });
  const buildInfo = {
    productUri: "urn:understudy:simulator",
    manufacturerName: "Understudy",
    productName: "Understudy simulator",
    softwareVersion: "0.1.0",
    buildNumber: "1",
    buildDate: new Date(0),
  };
  const stateVersion = () => (faults.shutdown ? 1 : 0);
  const secondsVersion = (now: number) => (faults.shutdown ? 1 + secondsLeft(now) : 0);

  const component = (id: number, name: string, dataType: string, source: ComputedSource, parent = "i=2256") =>
    space.addVariable(`i=${id}`, name, parent, { dataType, source });
  const status = new ComputedSource(
    (now) => now,
    (now) =>
      scalar(
        DataType.ExtensionObject,
        new ServerStatusDataType({
          startTime,
          currentTime: new Date(now),
          state: state(),
          buildInfo,
          secondsTillShutdown: secondsLeft(now),
          shutdownReason: reason(),
        }),
      ),
  );
  component(2256, "ServerStatus", "i=862", status, ids.server);
  const never = () => 0;
  component(
    2257,
    "StartTime",
    "i=294",
    new ComputedSource(never, () => scalar(DataType.DateTime, startTime)),
  );
  component(
    2258,
    "CurrentTime",
    "i=294",
    new ComputedSource(
      (now) => now,
      (now) => scalar(DataType.DateTime, new Date(now)),
    ),
  );
  component(2259, "State", "i=852", new ComputedSource(stateVersion, () => scalar(DataType.Int32, state())));
  component(
    2992,
    "SecondsTillShutdown",
    "i=7",
    new ComputedSource(secondsVersion, (now) => scalar(DataType.UInt32, secondsLeft(now))),
  );
  component(
    2993,
    "ShutdownReason",
    "i=21",
    new ComputedSource(stateVersion, () => scalar(DataType.LocalizedText, reason())),
  );
  const text = (id: number, name: string, value: string) =>
    component(id, name, "i=12", new ComputedSource(never, () => scalar(DataType.String, value)), "i=2260");
  const info = { ...buildInfo };
  space.addVariable("i=2260", "BuildInfo", "i=2256", {
    dataType: "i=338",
    source: new ComputedSource(never, () =>
      scalar(DataType.ExtensionObject, new ServerStatusDataType({ buildInfo: info }).buildInfo),
    ),
  });
  text(2262, "ProductUri", info.productUri);
  text(2263, "ManufacturerName", info.manufacturerName);
  text(2261, "ProductName", info.productName);
  text(2264, "SoftwareVersion", info.softwareVersion);
  text(2265, "BuildNumber", info.buildNumber);
}
