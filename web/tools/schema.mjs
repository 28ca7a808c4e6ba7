/**
 * Writes the types of the administration's calls from the relay's API document: `npm run schema`. A test compares what
 * is committed with what this writes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PREFIX = '/api/v1/admin/';
const DOCUMENT = new URL('../../docs/openapi.json', import.meta.url);
const TYPES = new URL('../src/state/admin-schema.ts', import.meta.url);
const HEAD = `/** Written by \`npm run schema\` from docs/openapi.json. */\n`;

/** The types of everything that the administration's calls take and answer. */
export function typesOf(document) {
  const { schemas } = document.components;
  const wanted = new Set();
  const want = (value) => {
    for (const name of namesIn(value)) {
      if (wanted.has(name)) continue;
      if (schemas[name] === undefined) throw new Error(`the document names ${name} and does not have it`);
      wanted.add(name);
      want(schemas[name]);
    }
  };
  for (const [path, calls] of Object.entries(document.paths)) if (path.startsWith(PREFIX)) want(calls);
  return (
    HEAD +
    [...wanted]
      .sort()
      .map((name) => declaration(name, schemas[name]))
      .join('')
  );
}

/** Names of the schemas that a value refers to. */
function namesIn(value) {
  if (value === null || typeof value !== 'object') return [];
  const own = typeof value.$ref === 'string' ? [nameOf(value.$ref)] : [];
  return [...own, ...Object.values(value).flatMap(namesIn)];
}

function nameOf(ref) {
  const name = ref.replace('#/components/schemas/', '');
  if (!/^[A-Za-z]\w*$/.test(name)) throw new Error(`no name for a type: ${ref}`);
  return name;
}

function declaration(name, schema) {
  const comment = said(schema.description, '');
  if (schema.type !== 'object') return `\n${comment}export type ${name} = ${typeOf(schema)};\n`;
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([field, type]) => {
    const mark = required.has(field) ? '' : '?';
    return `${said(type.description, '  ')}  ${field}${mark}: ${typeOf(type)};\n`;
  });
  if (fields.length === 0) return `\n${comment}export type ${name} = Record<string, never>;\n`;
  return `\n${comment}export interface ${name} {\n${fields.join('')}}\n`;
}

function typeOf(schema) {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  const parts = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (parts !== undefined) return parts.map(typeOf).join(schema.allOf ? ' & ' : ' | ');
  if (schema.enum !== undefined) return schema.enum.map((value) => `'${value}'`).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `(${typeOf(schema.items)})[]`.replace(/^\((\w+)\)/, '$1');
    default:
      throw new Error(`no type for ${JSON.stringify(schema)}`);
  }
}

function said(text, indent) {
  return text ? `${indent}/** ${text.trim().replace(/\s+/g, ' ').replaceAll('*/', '* /')} */\n` : '';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(TYPES, typesOf(JSON.parse(readFileSync(DOCUMENT, 'utf8'))));
}
