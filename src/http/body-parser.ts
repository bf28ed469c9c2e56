import type { FastifyInstance } from 'fastify'
import { AppError, type Fault, invalid } from '../errors.ts'

const deepest = 32

/**
 * JSON as the contract takes it: an empty body is an absent one, whatever its type says; at most 32 levels; no string with U+0000 or half a
 * surrogate pair in it, which Postgres or an answer could not carry.
 */
export function addBodyParser(app: FastifyInstance) {
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser(['application/json', 'application/*+json'], { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parse(String(text)))
    } catch (error) {
      done(error as Error, undefined) // parse throws nothing else
    }
  })
}

function parse(text: string): unknown {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new AppError('malformed', 'The body is not valid JSON')
  }
  const fault = firstFault(value)
  if (fault) throw invalid(fault)
  return value
}

type Loc = readonly (string | number)[]

/** Walks without recursion, which a body nested 50,000 deep would overflow. */
function firstFault(root: unknown): Fault | undefined {
  const waiting: { value: unknown; loc: Loc; depth: number }[] = [{ value: root, loc: ['body'], depth: 0 }]
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    const { value, loc, depth } = at
    if (typeof value === 'string' && !isStorable(value)) return { loc, msg: 'Text may not contain U+0000 or unpaired surrogates', type: 'format' }
    if (typeof value !== 'object' || value === null) continue
    if (depth >= deepest) return { loc: loc.slice(0, 4), msg: `JSON may be nested ${deepest} deep`, type: 'depth' }
    for (const [key, each] of Object.entries(value)) {
      if (!isStorable(key)) return { loc, msg: 'A name may not contain U+0000 or unpaired surrogates', type: 'format' }
      waiting.push({ value: each, loc: [...loc, Array.isArray(value) ? Number(key) : key], depth: depth + 1 })
    }
  }
  return undefined
}

export const isStorable = (text: string) => !text.includes('\0') && text.isWellFormed()
