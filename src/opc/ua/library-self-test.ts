import { createRequire, Module } from "node:module";

const selfTest = "node-opcua-secure-channel/dist/source/verify_pcks1.js";

/**
 * Keeps node-opcua from trying RSA PKCS#1 v1.5 while it is being loaded, which it does under Node.js 20 and 21 for the
 * sake of a warning alone (Understudy does not offer that security policy). It makes a key of 4096 bits: seconds of a
 * processor at each start, and a process cannot end before that is over. Call this before anything loads node-opcua.
 */
export function skipLibrarySelfTest(): void {
  const require = createRequire(import.meta.url);
  let path: string;
  try {
    path = require.resolve(selfTest);
  } catch {
    // a version that keeps it elsewhere, or no longer has it: it costs time and does no harm
    return;
  }
  const nothing = new Module(path);
  nothing.exports = { testRSAPKCS1V15_EncryptDecrypt: () => Promise.resolve() };
  nothing.loaded = true;
  require.cache[path] ??= nothing;
}
