/** Place of a member within its pair: `primary` is the preferred one. */
export type Role = "primary" | "secondary";

export const roles: readonly Role[] = Object.freeze(["primary", "secondary"]);

export function otherRole(role: Role): Role {
  return role === "primary" ? "secondary" : "primary";
}
