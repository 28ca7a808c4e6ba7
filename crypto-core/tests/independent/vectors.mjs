// Reading cases, comparing, and noticing what nothing has computed.

import fs from "node:fs";
import path from "node:path";
import { unhex } from "./primitives.mjs";

const folder = path.join(import.meta.dirname, "../vectors");
const read = (file) => JSON.parse(fs.readFileSync(path.join(folder, file), "utf8")).cases.filter(isOk);
const isOk = (one) => one.expect === "ok";
const kind = (file, one) => [file, one.op].filter(Boolean).join(": ");
const used = new Set();
let compared = 0;

export function same(computed, expected, of) {
  const [left, right] = [computed, expected].map((value) => (Buffer.isBuffer(value) ? value.toString("hex") : value));
  if (left !== right) throw new Error(`${of}: computed ${left}, expected ${right}`);
  compared += 1;
}

/** The cases of a file that hold; those of one `op`, if named. */
export function cases(name, op) {
  const found = read(`${name}.json`).filter((one) => op === undefined || one.op === op);
  if (found.length === 0) throw new Error(`${name}: no case of ${op}`);
  for (const one of found) used.add(kind(name, one));
  return found;
}

/** The bytes of a case's members; only for those that are hexadecimal. */
export function bytes(one) {
  return new Proxy(one, { get: (members, name) => (name in members ? unhex(members[name]) : undefined) });
}

/** Whoever adds vectors adds their check, or names them here with those that only the crate itself can check. */
export function finish(left) {
  const kinds = fs.readdirSync(folder).flatMap((file) => read(file).map((one) => kind(path.parse(file).name, one)));
  const missing = new Set(kinds.filter((one) => !used.has(one) && !left.includes(one)));
  if (missing.size > 0) throw new Error(`nothing computes ${[...missing].join(", ")}`);
  console.log(`${compared} values agree`);
}
