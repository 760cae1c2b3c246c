import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import Mocha from "mocha";

/** Time for what the tests left open to close by itself, in ms. */
const lingerTimeoutMs = 10_000;

/** Names a file that takes the names of the test files in which something failed, one a line. */
const failedFilesVariable = "UNDERSTUDY_FAILED_FILES";

/**
 * Mocha's spec reporter with one more line at the very end, for programs to read: `N passed, N failed`, and
 * `, N skipped` where some were. Ends a run that is over but does not end because something is left open.
 */
export default class ClosingLineReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => endIfLeftOpen());
  }

  override epilogue(): void {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    const skipped = pending === 0 ? "" : `, ${pending} skipped`;
    Mocha.reporters.Base.consoleLog(`${passes} passed, ${failures} failed${skipped}`);
    const list = process.env[failedFilesVariable];
    if (list !== undefined) writeFileSync(list, failedFiles(this.failures).join(""));
  }
}

/** Lines; a hook belongs to the file of its suite. */
function failedFiles(failures: readonly Mocha.Runnable[]): readonly string[] {
  const files = failures.map((failed) => failed.file ?? failed.parent?.file);
  return [...new Set(files)].flatMap((file) => (file ? [`${relative(process.cwd(), file)}\n`] : []));
}

function endIfLeftOpen(): void {
  const timer = setTimeout(() => {
    console.error(
      `The tests are over, but something they started is still open after ${lingerTimeoutMs} ms: ` +
        process.getActiveResourcesInfo().join(", "),
    );
    process.exit(1);
  }, lingerTimeoutMs);
  // It only fires where something else keeps the process alive.
  timer.unref();
}
