import type { MemberStatus, PairStatus } from "../control/broker-api.ts";

/** Columns as wide as their widest cell; cells of the last column are not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** One line a pair. */
export function statusTable(pairs: readonly PairStatus[]): string {
  if (pairs.length === 0) return "The project has no pairs. Add one with 'understudy pair add'.\n";
  return table([
    ["PAIR", "STATE", "ACTIVE", "MODE", "PRIMARY", "SECONDARY", "CLIENTS", "SWITCHOVERS"],
    ...pairs.map((pair) => [
      pair.name,
      pairState(pair),
      pair.active ?? "-",
      pair.mode,
      memberText(pair.members.find((member) => member.role === "primary")),
      memberText(pair.members.find((member) => member.role === "secondary")),
      String(pair.clients),
      String(pair.switchovers),
    ]),
  ]);
}

/** Everything about one pair, one fact a line. */
export function statusDetails(pair: PairStatus): string {
  return table([
    ["Pair", pair.name],
    ["Server", pair.alias === null ? pair.server : `${pair.server} (alias ${pair.alias})`],
    ["Protocol", pair.protocol],
    ["Clients connect to", pair.endpointUrls.join(", ")],
    ["State", pairState(pair)],
    ["Active", pair.active ?? "none"],
    ["Mode", pair.mode],
    ...pair.members.map((member) => [
      member.role === "primary" ? "Primary" : "Secondary",
      `${memberText(member)}, ${member.endpointUrl}`,
    ]),
    ["Clients", `${pair.clients} (${pair.subscriptions} subscriptions, ${pair.monitoredItems} items)`],
    ["Values forwarded", String(pair.valuesForwarded)],
    ["Switchovers", String(pair.switchovers)],
    ["In one line", pair.description],
  ]);
}

function pairState(pair: PairStatus): string {
  if (!pair.enabled) return "disabled";
  const states = [
    ...(pair.suspended ? ["suspended"] : []),
    ...(pair.locked ? ["locked"] : []),
    ...(pair.awaitingApproval === null ? [] : [`waits for approval of ${pair.awaitingApproval}`]),
  ];
  return states.length === 0 ? "enabled" : states.join(", ");
}

function memberText(member: MemberStatus | undefined): string {
  if (member === undefined) return "-";
  const parts = [member.machine, member.link, member.health];
  if (member.pingMs !== null) parts.push(`${Number(member.pingMs.toFixed(1))} ms`);
  if (member.monitorItemsInError.length > 0) {
    parts.push(`items in error: ${member.monitorItemsInError.join(" ")}`);
  }
  return parts.join(" ");
}
