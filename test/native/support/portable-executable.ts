/** What the headers of a Windows program or library say: its machine type, and the names that it exports, sorted. */
export function machineOf(file: Buffer): { machine: number; exports: string[] } {
  const pe = file.readUInt32LE(0x3c);
  if (file.toString("latin1", pe, pe + 4) !== "PE\0\0") throw new Error("no portable executable");
  const machine = file.readUInt16LE(pe + 4);
  const sectionCount = file.readUInt16LE(pe + 6);
  const optional = pe + 24;
  const isWide = file.readUInt16LE(optional) === 0x20b;
  const sections = optional + file.readUInt16LE(pe + 20);
  const offsetOf = (address: number): number => {
    for (let index = 0; index < sectionCount; index++) {
      const at = sections + index * 40;
      const begin = file.readUInt32LE(at + 12);
      const size = Math.max(file.readUInt32LE(at + 8), file.readUInt32LE(at + 16));
      if (address >= begin && address < begin + size) return address - begin + file.readUInt32LE(at + 20);
    }
    throw new Error("an address outside of all sections");
  };
  const table = file.readUInt32LE(optional + (isWide ? 112 : 96));
  const exports: string[] = [];
  if (table !== 0) {
    const directory = offsetOf(table);
    const names = offsetOf(file.readUInt32LE(directory + 32));
    for (let index = 0; index < file.readUInt32LE(directory + 24); index++) {
      const begin = offsetOf(file.readUInt32LE(names + index * 4));
      exports.push(file.toString("latin1", begin, file.indexOf(0, begin)));
    }
  }
  return { machine, exports: exports.sort() };
}
