// ajv against lorch: compiles every schema, and compares its verdict on every document.
//
//     node agree.mjs SCHEMAS CORPUS.ndjson

import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import Ajv from "ajv";

const MOST_SHOWN = 10;
const [schemas, corpus] = process.argv.slice(2);

const validators = new Map();
for (const entry of readdirSync(schemas, { recursive: true, withFileTypes: true })) {
  // The list of them is no schema.
  if (!entry.isFile() || entry.name === "catalog.json") continue;
  const path = join(entry.parentPath, entry.name);
  const name = relative(schemas, path);
  // One instance each: a schema must need nothing but itself.
  const ajv = new Ajv({ strictTypes: true, allowUnionTypes: true, allErrors: true });
  validators.set(name, ajv.compile(JSON.parse(readFileSync(path, "utf8"))));
}

let documents = 0;
let valid = 0;
let disagreements = 0;
for await (const line of createInterface({ input: createReadStream(corpus) })) {
  const entry = JSON.parse(line);
  const validate = validators.get(entry.schema);
  const accepted = validate(entry.document);
  documents += 1;
  valid += entry.valid ? 1 : 0;
  if (accepted === entry.valid) continue;
  disagreements += 1;
  if (disagreements <= MOST_SHOWN) {
    const said = accepted ? "it is valid" : JSON.stringify(validate.errors);
    console.error(`${entry.schema}: lorch says ${entry.valid}, ajv ${said}\n  ${line}`);
  }
}
console.log(
  `ajv: ${validators.size} schemas, ${documents} documents, ${valid} of them valid, ` +
    `${disagreements} disagreements`,
);
process.exit(disagreements === 0 && documents >= 400 ? 0 : 1);
