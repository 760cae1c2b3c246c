import { redirectLibraryLog } from "../../src/opc/ua/library-log.ts";

// Before node-opcua is loaded: standard output is for the result alone.
redirectLibraryLog(() => {});

import("./command.ts")
  .then(({ runCommand }) => runCommand(process.argv.slice(2)))
  .then(
    // The channel library keeps timers of its own; nothing is left to wait for.
    () => process.exit(0),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(2);
    },
  );
