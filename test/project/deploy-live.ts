import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { adoptDeployment } from "../../src/project/deployment-mark.ts";
import { deployProject } from "../../src/project/install-project.ts";
import { readMachineState } from "../../src/project/machine-state.ts";
import { parseProject } from "../../src/project/project-document.ts";

// Deploys `new.xml` in a folder while a broker runs that takes it over or refuses it; is killed while it does so.

const [folder = "", takes] = process.argv.slice(2);
let asked = 0;
const installation = {
  document: parseProject(await readFile(join(folder, "new.xml"), "utf8"), "new.xml"),
  projectFile: join(folder, "redundancymaster.xml"),
  stateDirectory: folder,
  state: await readMachineState(folder),
  enabledPairs: ["Pump"],
  time: new Date(0),
  keepOld: true,
};
const reload = async (): Promise<string> => {
  asked += 1;
  if (takes !== "takes" && asked === 1) throw new Error("refused");
  await adoptDeployment(folder);
  return "taken over";
};
await deployProject(installation, reload).catch((error: Error) => {
  if (error.message !== "refused") throw error;
});
