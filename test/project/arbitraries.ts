import fc from "fast-check";
import type { NewMember, NewPair } from "../../src/project/pairs.ts";

/** Text that is hard on a writer of XML: markup, blanks at the ends, line ends, characters beyond 16 bits. */
export const awkwardText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "<",
        ">",
        "&",
        "]]>",
        "<!--",
        "-->",
        "&amp;",
        "&#10;",
        '"',
        "'",
        " ",
        "\n",
        "\t",
        "\r",
        "\r\n",
      ),
      fc.constantFrom("a", "Zeile", "ß", "日本", "\u{1F3AD}", "\u0085", "\u2028", "\uFEFF", "\uFFFD"),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

const name = fc
  .tuple(fc.constantFrom("Plant", "Mill", "Pump-1", "K.E.P"), fc.nat({ max: 99 }))
  .map(([word, number]) => `${word}.${number}`);

const endpointUrls = Object.freeze({
  opcua: [null, "opc.tcp://a:4840", "opc.tcp://[::1]:48411/UA/Server?x=1&y='2'"],
  opcda: [null, "opcda://localhost/Vendor.Server.2", "opcda://fe80::1/My Server"],
} as const);

const member = (protocol: keyof typeof endpointUrls): fc.Arbitrary<NewMember> =>
  fc.record(
    {
      machine: fc.constantFrom("localhost", "server-a", "10.0.0.1", "fe80::1"),
      endpointUrl: fc.constantFrom(...endpointUrls[protocol]),
      securityPolicy: fc.constantFrom("None", "Basic256Sha256"),
      trustServerCertificate: fc.boolean(),
      user: fc.oneof(
        fc.constant(null),
        awkwardText.map((text) => ({ name: `u${text}`, password: "env:PASSWORD" })),
      ),
    },
    { requiredKeys: ["machine"] },
  );

const milliseconds = fc.integer({ min: 10, max: 86_400_000 });

const monitorItem = fc.oneof(
  fc.record(
    {
      itemId: awkwardText.map((text) => `ns=1;s=${text}`),
      accessPath: awkwardText,
      updateRate: milliseconds,
    },
    { requiredKeys: ["itemId"] },
  ),
  fc.record({
    itemId: fc.constant("watchdog"),
    trigger: fc.constant("noChange" as const),
    triggerData: fc.integer({ min: 1, max: 86_400_000 }).map(String),
  }),
  fc.record({
    itemId: fc.constant("value"),
    trigger: fc.constant("specificValue" as const),
    triggerData: awkwardText.map((text) => `x${text}`),
  }),
);

/** A pair that the project admits, with more or less left to the defaults. */
export const newPair: fc.Arbitrary<NewPair> = fc
  .constantFrom("opcua" as const, "opcda" as const)
  .chain((protocol) => pairOf(protocol));

const pairOf = (protocol: keyof typeof endpointUrls): fc.Arbitrary<NewPair> =>
  fc.record(
    {
      server: name,
      alias: fc.oneof(fc.constant(null), name),
      protocol: fc.constant(protocol),
      primary: member(protocol),
      secondary: member(protocol),
      connectionMode: fc.constantFrom("cold", "warm", "hot"),
      alwaysReconnectToPrimary: fc.boolean(),
      queryServerStatusInterval: milliseconds,
      queryServerStatusTimeout: milliseconds,
      monitorItems: fc.uniqueArray(monitorItem, {
        maxLength: 4,
        selector: (item) => JSON.stringify([item.itemId, Object.entries(item)]),
        comparator: (a, b) => a.slice(0, 30) === b.slice(0, 30),
      }),
      failover: fc.record(
        {
          failAfter: fc.integer({ min: 1, max: 1000 }),
          suspectInterval: fc.oneof(fc.constant(null), milliseconds),
          switchoverLimit: fc.oneof(
            fc.constant(null),
            fc.record(
              {
                switchovers: fc.integer({ min: 1, max: 1000 }),
                window: fc.integer({ min: 1000, max: 86_400_000 }),
              },
              { requiredKeys: ["switchovers"] },
            ),
          ),
          bothBad: fc.constantFrom("stay", "bestAvailable"),
        },
        { requiredKeys: [] },
      ),
      diagnostics: fc.oneof(
        fc.constant(null),
        fc.record({ maximumEvents: fc.integer({ min: 1000, max: 30_000 }) }, { requiredKeys: [] }),
      ),
      notifications: fc.oneof(
        fc.constant(null),
        fc.record(
          { header: awkwardText, footer: awkwardText, to: fc.constant(["a@b", "c@d"]) },
          { requiredKeys: [] },
        ),
      ),
    },
    { requiredKeys: ["server", "protocol", "primary", "secondary"] },
  );

/** Pairs of which no two have the same name. */
export const newPairs: fc.Arbitrary<NewPair[]> = fc.uniqueArray(newPair, {
  maxLength: 5,
  selector: (pair) => (pair.alias ?? pair.server).toLowerCase(),
});
