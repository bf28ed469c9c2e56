import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Route } from './define-route.ts'
import { optionalBody } from './describe-route.ts'

type Described = { zodSchema: { _zod: { def: { type: string } } }; jsonSchema: Record<string, unknown> }

/** Zod states its own regex beside every format, and JavaScript's integer range as limits; a reader needs neither. */
const zodToJsonConfig = {
  override: ({ jsonSchema }: Described) => {
    if (jsonSchema['format'] === 'guid') jsonSchema['format'] = 'uuid' // any version; JSON Schema knows the one word
    if (jsonSchema['format'] !== undefined || jsonSchema['type'] === 'integer') delete jsonSchema['pattern']
    // Zod leaves out the default of what it transforms; these state it under another name.
    if ('x-default' in jsonSchema) {
      jsonSchema['default'] = jsonSchema['x-default']
      delete jsonSchema['x-default']
    }
    if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum']
    if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum']
    if (jsonSchema['exclusiveMinimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['exclusiveMinimum']
  },
}

const toSchema = createJsonSchemaTransform({ zodToJsonConfig: zodToJsonConfig as never })
const toObject = createJsonSchemaTransformObject({ zodToJsonConfig: zodToJsonConfig as never })

const description = `A self-hosted media-asset server. Every operation answers under \`/\` and under \`/v1\`.

Send \`Authorization: sk_…\` (an API key) or \`Authorization: Bearer <key or token>\`. Answers are JSON, scalars too; failures are RFC 9457 problems.`

export const openapi: FastifyDynamicSwaggerOptions = {
  exposeHeadRoutes: true, // those that we wrote: Fastify adds none of its own here
  openapi: {
    openapi: '3.1.0',
    info: { title: 'Dailies', version: '0.1.0', description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    components: {
      securitySchemes: {
        ApiKey: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'An API key, as it is: `sk_…`' },
        Bearer: { type: 'http', scheme: 'bearer', description: 'An API key or an access token (JWT)' },
      },
    },
  },
  transform: ((document: Parameters<typeof toSchema>[0]) => withLeftOut(document.route.config?.route, toSchema(document))) as never,
  transformObject: (document) => withOneNameEach(withOptionalBodies(toObject(document) as Document)) as ReturnType<typeof toObject>,
}

type Transformed = ReturnType<typeof toSchema>

/** The type provider keeps nothing of an answer but its words and its content; and @fastify/swagger ends the id of every HEAD in `-head`. */
function withLeftOut(route: Route | undefined, transformed: Transformed): Transformed {
  const answers = (transformed.schema?.['response'] ?? {}) as Record<string, object> // written by `toSchema`
  if (!route) return transformed
  Object.assign(transformed.schema ?? {}, { operationId: route.operationId })
  for (const [status, answer] of Object.entries(answers)) Object.assign(answer, headersOf(route, status))
  return transformed
}

/** Those of every answer, and of a success its own. */
function headersOf({ answers, answerHeaders }: Route, status: string): { readonly headers?: object } {
  const always = Object.entries(answerHeaders).map(([name, value]) => [name, { type: 'string', enum: [value] }])
  const own = /^[23]/.test(status) ? Object.entries(answers).map(([name, schema]) => [name, inJsonSchema(schema)]) : []
  return always.length + own.length > 0 ? { headers: Object.fromEntries([...always, ...own]) } : {}
}

function inJsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, zodToJsonConfig)
  return rest
}

function withOptionalBodies(document: Document): Document {
  for (const operations of Object.values(document.paths ?? {}))
    for (const operation of Object.values(operations)) {
      if (!(optionalBody in operation)) continue
      delete operation[optionalBody]
      operation.requestBody = { ...operation.requestBody, required: false }
    }
  return document
}

interface Operation {
  requestBody?: object
  [optionalBody]?: true
}
interface Document {
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, unknown> }
}

/**
 * The type provider writes every schema twice, as `X` for responses and `XInput` for requests.
 * Ours each serve one direction, so the half that nothing refers to goes, and the other is called `X`.
 */
function withOneNameEach(document: Document): Document {
  const schemas = document.components?.schemas ?? {}
  const used = new Set<string>()
  const visit = (node: unknown) => {
    for (const [, name] of JSON.stringify(node ?? null).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || used.has(name)) continue
      used.add(name)
      visit(schemas[name])
    }
  }
  visit(document.paths)

  const short = (name: string) => {
    const base = name.replace(/Input$/, '')
    return used.has(base) ? name : base
  }
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)))
  const renamed = { ...document, components: { ...document.components, schemas: kept } }
  const text = JSON.stringify(renamed).replaceAll(/"#\/components\/schemas\/([^"]+)"/g, (_, name: string) => `"#/components/schemas/${short(name)}"`)
  const result = JSON.parse(text) as Document & { components: { schemas: Record<string, unknown> } }
  // In the order of their names: that of their making is whoever's who imported them first.
  const named = Object.entries(result.components.schemas).map(([name, schema]) => [short(name), schema] as const)
  result.components.schemas = Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)))
  return result
}
