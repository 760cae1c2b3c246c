import { UnderstudyError } from "../../core/error.ts";

/** What name servers and their clients say, and what is to be done about it. The first that fits counts. */
const known: readonly (readonly [RegExp, string, string])[] = [
  [
    /BADKEY|expected a TSIG|couldn't verify signature: (key|bad key)|key name/i,
    "DNS_KEY_REFUSED",
    "the name server does not know this TSIG key; give keyFile the key that the zone's update policy names",
  ],
  [
    /BADSIG|tsig verify failure|clocks are unsynchronized|bad time/i,
    "DNS_KEY_REFUSED",
    "the TSIG signature is not accepted: another secret under the same name, or the clocks differ",
  ],
  [
    /tsig indicates error|expected a TSIG/i,
    "DNS_KEY_REFUSED",
    "the name server does not accept this TSIG key: it does not know it, or knows it with another secret",
  ],
  [
    /could not read key|file not found|no such file|permission denied|tsig key|open: |syntax error|unexpected token/i,
    "DNS_KEY_UNREADABLE",
    "the key file cannot be read; give keyFile a file that nsupdate -k takes (tsig-keygen writes one)",
  ],
  [
    /\bNXRRSET\b|\bYXRRSET\b|\bNXDOMAIN\b|\bYXDOMAIN\b/,
    "DNS_RECORD_CHANGED",
    "the record is no longer what it was when the update was made; look at it, then try again",
  ],
  [
    /\bREFUSED\b|\bNOTAUTH\b|NOTZONE/,
    "DNS_REFUSED",
    "the name server refuses the update; allow this key (update-policy or allow-update), and name its primary server",
  ],
  [
    /timed out|no servers could be reached|unreachable|connection refused/i,
    "DNS_UNREACHABLE",
    "the name server does not answer; look at server, port and the network",
  ],
  [/\bSERVFAIL\b/, "DNS_FAILED", "the name server failed; its own log says why"],
];

/** One clear error from the words of nsupdate or dig. */
export function dnsError(what: string, server: string, said: string): UnderstudyError {
  const found = known.find(([pattern]) => pattern.test(said));
  const [, code, advice] = found ?? [null, "DNS_FAILED", "the name server did not do it"];
  return new UnderstudyError(code, `${what} at ${server}: ${advice} (${said || "no reason given"})`);
}
