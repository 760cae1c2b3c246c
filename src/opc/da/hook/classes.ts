import { createHash } from "node:crypto";

/** Categories under which clients look for DA servers: 1.0, 2.0, 3.0. */
export const daCategories = Object.freeze([
  "{63D5F430-CFE4-11D1-B2C8-0060083BA1FB}",
  "{63D5F432-CFE4-11D1-B2C8-0060083BA1FB}",
  "{CC603642-66D7-48F1-B69A-B625E73652D7}",
]);

/**
 * Category of classes that clients which refuse custom marshaling (EOAC_NO_CUSTOM_MARSHAL) trust all the same
 * (CATID_Marshaler): the proxy's EXE sends a client of this machine the data from which the DLL makes the object there.
 */
export const marshalerCategory = "{00000003-0000-0000-C000-000000000046}";

const understudy = "SOFTWARE\\Understudy";
const classes = "SOFTWARE\\Classes";

/** Settings of the proxy for a class (native/wire/PROTOCOL.md). */
export const proxyKey = (clsid: string) => `${understudy}\\Proxy\\${clsid}`;
/** Where helpers find the class of the original server of a ProgID that leads to the proxy. */
export const originalsKey = `${understudy}\\Originals`;
export const progIdKey = (progId: string) => `${classes}\\${progId}`;
export const classKey = (clsid: string) => `${classes}\\CLSID\\${clsid}`;

/** Whether a key is Understudy's alone. */
export function isOwnKey(path: string): boolean {
  return `${path.toLowerCase()}\\`.startsWith(`${understudy.toLowerCase()}\\`);
}

/**
 * The proxy's own class for a name. Always the same for the same name, so that clients which keep a CLSID find the
 * pair again after it was disabled and enabled, and on another machine.
 */
export function proxyClassOf(name: string): string {
  const hash = createHash("sha256").update(`understudy opc da proxy ${name.toLowerCase()}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.subarray(0, 16).toString("hex").toUpperCase();
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `{${parts.join("-")}}`;
}

/** Whether a text is a CLSID in braces. */
export function isClsid(text: string): boolean {
  return /^\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$/i.test(text);
}
