/** The broker's connection to a member. */
export type Link = "down" | "connecting" | "up";

/** What is known of a member: `suspect` = some status queries missed. */
export type Health = "unknown" | "ok" | "suspect" | "failed";
