import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../control/helpers.ts";
import { TestMailServer } from "../notify/support.ts";
import { createBench } from "./helpers.ts";

describe("a defect that ends the broker", () => {
  it("is told by mail before the end", async () => {
    const directory = temporaryDirectory();
    const mail = await TestMailServer.start();
    const bench = createBench(directory.path, join(directory.path, "state"));
    try {
      writeFileSync(
        join(directory.path, "redundancymaster.xml"),
        `<redundancymaster version="2">
  <notifications>
    <enabled>true</enabled>
    <primarySmtp><host>127.0.0.1</host><port>${mail.port}</port><security>none</security></primarySmtp>
    <from>broker@plant.example</from>
    <to><address>night@plant.example</address></to>
    <events><event>brokerFailed</event></events>
  </notifications>
  <pairs>
    <pair>
      <server>Boiler</server>
      <protocol>opcua</protocol>
      <primary><machine>plc-a</machine></primary>
      <secondary><machine>plc-b</machine></secondary>
    </pair>
  </pairs>
</redundancymaster>
`,
      );
      const broker = await bench.broker();
      await bench.run("suspend", "Boiler", "--reason", "defect");
      assert.equal((await broker.finished).code, 1);
      assert.equal(mail.received.length, 1);
      assert.match(mail.received[0] ?? "", /Subject: Understudy notification - brokerFailed\r$/m);
    } finally {
      await bench.endAll();
      await mail.stop();
      directory.remove();
    }
  });
});
