import type { FastifyInstance } from 'fastify'
import { AppError, type Fault, invalid } from '../errors.ts'

const deepest = 32

/**
 * JSON as the contract takes it: an empty body is an absent one, whatever its type says; at most 32 levels; no string with U+0000 or half a
 * surrogate pair in it, which Postgres or an answer could not carry.
 */
export function addBodyParser(app: FastifyInstance) {
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser(/^application\/(?:[\w.-]+\+)?json(?:;|$)/, { parseAs: 'string' }, (_request, text, done) => {
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

/** One value on the way down; the way itself is put together only where there is a fault to tell. */
interface Step {
  readonly value: object
  readonly key: string | number
  readonly above: Step | undefined
  readonly depth: number
}

const unstorable = (step: Step | undefined, key?: string | number): Fault => ({
  loc: locOf(step, key),
  msg: 'Text may not contain U+0000 or unpaired surrogates',
  type: 'format',
})

/** Walks without recursion, which a body nested 50,000 deep would overflow, and takes note of objects and lists alone. */
function firstFault(root: unknown): Fault | undefined {
  if (typeof root === 'string' && !isStorable(root)) return unstorable(undefined)
  const waiting: Step[] = []
  if (typeof root === 'object' && root !== null) waiting.push({ value: root, key: 'body', above: undefined, depth: 0 })
  for (let step = waiting.pop(); step; step = waiting.pop()) {
    if (step.depth >= deepest) return { loc: locOf(step).slice(0, 4), msg: `JSON may be nested ${deepest} deep`, type: 'depth' }
    const fault = Array.isArray(step.value) ? faultInList(step, step.value, waiting) : faultInObject(step, waiting)
    if (fault) return fault
  }
  return undefined
}

function faultInList(step: Step, values: readonly unknown[], waiting: Step[]): Fault | undefined {
  for (let key = 0; key < values.length; key += 1) {
    const value = values[key]
    if (typeof value === 'string' && !isStorable(value)) return unstorable(step, key)
    if (typeof value === 'object' && value !== null) waiting.push({ value, key, above: step, depth: step.depth + 1 })
  }
  return undefined
}

function faultInObject(step: Step, waiting: Step[]): Fault | undefined {
  for (const key in step.value) {
    const value = (step.value as Record<string, unknown>)[key] // of JSON.parse: a plain object
    if (!isStorable(key)) return unstorable(step)
    if (typeof value === 'string' && !isStorable(value)) return unstorable(step, key)
    if (typeof value === 'object' && value !== null) waiting.push({ value, key, above: step, depth: step.depth + 1 })
  }
  return undefined
}

function locOf(step: Step | undefined, last?: string | number): (string | number)[] {
  const loc = last === undefined ? [] : [last]
  for (let at = step; at; at = at.above) loc.push(at.key)
  return step ? loc.reverse() : ['body']
}

export const isStorable = (text: string) => !text.includes('\0') && text.isWellFormed()
