import { mkdirSync, writeFileSync } from "node:fs";
import { apiPage } from "./api-page.ts";
import { cliPage } from "./cli-page.ts";
import { eventsPage } from "./events-page.ts";
import { projectPage } from "./project-page.ts";

// Writes the pages of docs/ that are made from the code; run it in the root of the repository.
mkdirSync("docs", { recursive: true });
writeFileSync("docs/events.md", eventsPage());
writeFileSync("docs/http-api.md", await apiPage());
writeFileSync("docs/cli.md", cliPage());
writeFileSync("docs/project-file.md", projectPage());
