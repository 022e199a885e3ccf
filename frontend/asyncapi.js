/** Reads the AsyncAPI document as its users will: fails on whatever the parser calls an error or a warning. */

import console from "node:console";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { URL } from "node:url";

import { DiagnosticSeverity, Parser } from "@asyncapi/parser";

const file = new URL("../docs/protocol/asyncapi.json", import.meta.url);
const { diagnostics } = await new Parser().parse(await readFile(file, "utf8"));
const faults = diagnostics.filter(({ severity }) => severity <= DiagnosticSeverity.Warning);
for (const { path, message } of faults) console.error(`asyncapi.json: ${path.join(".")}: ${message}`);
process.exitCode = faults.length > 0 ? 1 : 0;
