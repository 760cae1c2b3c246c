import type { DataType, DataValue, NodeClass, StatusCode, Variant } from "node-opcua";

/** A value as it goes over the wire; `variant` is the encoded Variant (Part 6, 5.2.2.16). */
export interface Sample {
  readonly variant: Buffer;
  readonly status: number;
  readonly sourceTimeMs: number;
}

/** Where a variable's value comes from. */
export interface ValueSource {
  /** Differs between two instants if and only if the value (or a status of its own) does. */
  version(nowMs: number): number;
  sample(nowMs: number): Sample;
}

/** A source that clients may write; answers the operation's status. */
export interface WritableSource extends ValueSource {
  write(value: DataValue, nowMs: number): StatusCode;
}

/** What a Method does; throws nothing, answers a status and the output arguments. */
export type MethodCall = (inputs: readonly Variant[]) => {
  readonly status: StatusCode;
  readonly outputs: readonly Variant[];
};

export interface Argument {
  readonly name: string;
  readonly dataType: DataType;
}

/** One end of a reference; `type` is the ReferenceType's NodeId text. */
export interface Reference {
  readonly type: string;
  readonly node: Node;
}

interface NodeBase {
  /** NodeId in text form without `ns=0;`. */
  readonly id: string;
  readonly namespace: number;
  readonly name: string;
  readonly nodeClass: NodeClass;
  /** NodeId text of the type definition; null where the node class has none. */
  readonly typeDefinition: string | null;
  parent: Reference | null;
  children: Reference[];
}

export interface VariableNode extends NodeBase {
  readonly kind: "variable";
  readonly dataType: string;
  /** -1 = scalar, 1 = one-dimensional array (Part 3, 5.6.2). */
  readonly valueRank: -1 | 1;
  readonly source: ValueSource | WritableSource;
  readonly writable: boolean;
  /** Whether the quality faults reach this variable; the switches themselves are spared. */
  readonly faultable: boolean;
  readonly minimumSamplingIntervalMs: number;
}

export interface MethodNode extends NodeBase {
  readonly kind: "method";
  readonly call: MethodCall;
  readonly inputs: readonly Argument[];
}

export interface PlainNode extends NodeBase {
  readonly kind: "plain";
}

export type Node = VariableNode | MethodNode | PlainNode;

export function isWritable(source: ValueSource | WritableSource): source is WritableSource {
  return "write" in source;
}
