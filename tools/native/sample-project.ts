/** redundancymaster.xml of the package for Windows: one pair of OPC DA servers to put one's own names into. */
export const windowsProject = `<?xml version="1.0" encoding="UTF-8"?>
<!--
  A pair of OPC DA servers, as a pattern. Put in the ProgID of your server and the machines it runs on, then
  check it with "check". All settings are in docs/project-file.md, all about OPC DA in docs/opc-da.md.
-->
<redundancymaster version="2">
  <pairs>
    <pair>
      <!-- The ProgID clients ask for; the same on both machines. -->
      <server>Vendor.Server.1</server>
      <protocol>opcda</protocol>
      <primary>
        <machine>localhost</machine>
      </primary>
      <secondary>
        <machine>standby</machine>
      </secondary>
      <!-- cold, warm or hot -->
      <connectionMode>hot</connectionMode>
      <alwaysReconnectToPrimary>true</alwaysReconnectToPrimary>
      <!-- Each server is asked for its status every 1000 ms; no answer within 500 ms is a failure. -->
      <queryServerStatusInterval>1000</queryServerStatusInterval>
      <queryServerStatusTimeout>500</queryServerStatusTimeout>
    </pair>
  </pairs>
</redundancymaster>
`;
