import { CallMethodResult, type CallRequest, CallResponse, StatusCodes } from "node-opcua";
import type { AddressSpace } from "../model/address-space.ts";
import { nodeIdText } from "./read-write.ts";
import { ServiceFailure } from "./service-failure.ts";

/** Call (Part 4, 5.12.2). */
export function call(space: AddressSpace, request: CallRequest): CallResponse {
  const methods = request.methodsToCall ?? [];
  if (methods.length === 0) throw new ServiceFailure(StatusCodes.BadNothingToDo);
  return new CallResponse({
    results: methods.map(({ objectId, methodId, inputArguments }) => {
      const object = space.get(nodeIdText(objectId));
      if (!object) return new CallMethodResult({ statusCode: StatusCodes.BadNodeIdUnknown });
      const method = object.children.find((child) => child.node.id === nodeIdText(methodId))?.node;
      if (method?.kind !== "method")
        return new CallMethodResult({ statusCode: StatusCodes.BadMethodInvalid });
      const inputs = inputArguments ?? [];
      if (inputs.length < method.inputs.length) {
        return new CallMethodResult({ statusCode: StatusCodes.BadArgumentsMissing });
      }
      if (inputs.length > method.inputs.length) {
        return new CallMethodResult({ statusCode: StatusCodes.BadTooManyArguments });
      }
      const inputArgumentResults = method.inputs.map(({ dataType }, index) =>
        inputs[index]?.dataType === dataType ? StatusCodes.Good : StatusCodes.BadTypeMismatch,
      );
      if (inputArgumentResults.some((status) => status.isNotGood())) {
        return new CallMethodResult({ statusCode: StatusCodes.BadInvalidArgument, inputArgumentResults });
      }
      const { status, outputs } = method.call(inputs);
      return new CallMethodResult({
        statusCode: status,
        inputArgumentResults,
        outputArguments: [...outputs],
      });
    }),
  });
}
