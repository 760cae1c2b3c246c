/**
 * Base of every error Understudy reports. `code` is stable and may be tested by scripts;
 * the message says what to do about it. Codes are UPPER_SNAKE_CASE and listed in docs/errors.md.
 */
export class UnderstudyError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "UnderstudyError";
    this.code = code;
  }
}
