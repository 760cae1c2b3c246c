/**
 * Makes a function that runs each operation it is given after those before it, whether they worked or not. It
 * answers with what the operation does: that it fails keeps nobody else from its turn.
 */
export function oneAtATime(): <T>(operation: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (operation) => {
    const result = last.then(operation, operation);
    last = result.catch(() => undefined);
    return result;
  };
}
