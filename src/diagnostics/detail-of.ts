/** What an error says, for records and messages. */
export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
