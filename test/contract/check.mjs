#!/usr/bin/env node
// Holds the project's openapi.yaml against operations.json, the 37 operations that the product must serve.
// Usage, from the project's root:  node test/contract/check.mjs [openapi.yaml] [test/contract/pending.txt]
// Prints a line for each difference and the count; exits 1 when there is any. pending.txt lists operations that are not served yet,
// one `GET /assets/{asset_id}` a line: each must really be missing, so the file can only shrink; it is empty when all is built.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const file = resolve(process.argv[2] ?? 'openapi.yaml');
const text = readFileSync(file, 'utf8');
const { parse } = createRequire(resolve('package.json'))('yaml'); // a dependency of @fastify/swagger
const api = parse(text);
const wanted = JSON.parse(readFileSync(new URL('./operations.json', import.meta.url), 'utf8'));

const pendingFile = process.argv[3];
const pending = new Set(pendingFile ? readFileSync(pendingFile, 'utf8').split('\n').map((line) => line.trim()).filter(Boolean) : []);

const problems = [];
const deref = (node, depth = 0) => {
  if (!node || typeof node !== 'object' || depth > 20) return node;
  if (node.$ref) return deref(node.$ref.slice(2).split('/').reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], api), depth + 1);
  return node;
};
// The set of JSON types that a schema admits, and the formats among them.
const kinds = (schema, into = new Set(), depth = 0) => {
  schema = deref(schema);
  if (schema === undefined || depth > 20) return into;
  if (schema === true || (typeof schema === 'object' && Object.keys(schema).every((k) => ['description', 'title', 'default', 'example', 'examples', 'deprecated'].includes(k)))) return into.add('any');
  for (const part of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) kinds(part, into, depth + 1);
  for (const type of [schema.type].flat().filter(Boolean)) {
    into.add(type === 'integer' && !into.has('number') ? 'integer' : type);
    if (type === 'array') for (const kind of kinds(schema.items, new Set(), depth + 1)) into.add(`${kind}[]`);
  }
  if (schema.nullable) into.add('null');
  if (schema.format === 'uuid') into.add('uuid');
  if (schema.enum) { into.add('enum'); for (const v of schema.enum) into.add(v === null ? 'null' : typeof v); }
  if (schema.const !== undefined) into.add(typeof schema.const);
  return into;
};
const needs = {
  'string': ['string'], 'string · uuid': ['uuid'], 'string · uuid[]': ['uuid[]'], 'string[]': ['string[]'],
  'string · enum': ['enum'], 'number': ['number'], 'integer': ['integer'], 'boolean': ['boolean'], 'null': ['null'], 'any': ['any'],
};
const admits = (have, type) => needs[type].every((kind) => have.has(kind) || have.has('any'));
const compare = (where, want, schema, required) => {
  if (schema === undefined) return problems.push(`${where}: missing`);
  if (Boolean(required) !== want.required) problems.push(`${where}: is ${required ? 'required' : 'optional'}, must be ${want.required ? 'required' : 'optional'}`);
  const have = kinds(schema);
  for (const type of want.anyOf ?? [want.type]) {
    // A header or a query value that is null is one that is left out: its schema need not say null.
    if (type === 'null' && !where.includes(' body.')) continue;
    if (!admits(have, type)) problems.push(`${where}: does not admit ${type} (has ${[...have].join(', ') || 'nothing'})`);
  }
  const resolved = deref(schema);
  if ('default' in want && JSON.stringify(resolved.default) !== JSON.stringify(want.default)) problems.push(`${where}: default is ${JSON.stringify(resolved.default)}, must be ${JSON.stringify(want.default)}`);
};
const bodySchema = (operation) => {
  const content = deref(operation.requestBody)?.content ?? {};
  const schema = deref((content['application/json'] ?? Object.values(content)[0])?.schema);
  if (!schema) return { properties: {}, required: [] };
  const parts = [schema, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map((part) => deref(part));
  return { properties: Object.assign({}, ...parts.map((part) => part.properties ?? {})), required: parts.flatMap((part) => part.required ?? []) };
};

let waiting = 0;
const ids = new Set();
for (const want of wanted) {
  const name = `${want.method} ${want.path}`;
  const item = api.paths?.[want.path];
  const operation = item?.[want.method.toLowerCase()];
  if (!operation) { if (!pending.delete(name)) problems.push(`${name}: missing`); else waiting += 1; continue; }
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((p) => deref(p));
  for (const [group, place] of [['path_params', 'path'], ['query', 'query'], ['headers', 'header']]) {
    for (const [field, type] of Object.entries(want[group] ?? {})) {
      const found = parameters.find((p) => p.in === place && p.name.toLowerCase() === field.toLowerCase());
      compare(`${name} ${place}.${field}`, type, found?.schema, found?.required);
    }
  }
  const body = bodySchema(operation);
  for (const [field, type] of Object.entries(want.body ?? {})) compare(`${name} body.${field}`, type, body.properties[field], body.required.includes(field));
  if (!operation.operationId) problems.push(`${name}: no operationId`);
  else if (ids.has(operation.operationId)) problems.push(`${name}: operationId ${operation.operationId} is not unique`);
  ids.add(operation.operationId);
  if (!operation.summary) problems.push(`${name}: no summary`);
  if (!operation.tags?.length) problems.push(`${name}: no tag`);
  const codes = Object.keys(operation.responses ?? {});
  const good = codes.find((code) => /^(2|30)/.test(code));
  if (!good) problems.push(`${name}: no success response`);
  else if (good.startsWith('2') && good !== '204') {
    const content = deref(operation.responses[good])?.content;
    if (!content || Object.values(content).some((media) => !media.schema)) problems.push(`${name}: the ${good} response has no schema`);
  }
  for (const code of ['401', '403', '404']) if (!codes.includes(code) && !codes.includes('4XX') && !codes.includes('default')) problems.push(`${name}: no ${code} response is described`);
}
for (const name of pending) problems.push(`${name}: stands in ${pendingFile}, but is served or unknown`);
for (const line of problems) console.log(line);
console.log(`${wanted.length} operations held against ${file.split('/').pop()}: ${problems.length} difference${problems.length === 1 ? '' : 's'}${waiting ? `, ${waiting} pending` : ''}`);
process.exitCode = problems.length ? 1 : 0;
