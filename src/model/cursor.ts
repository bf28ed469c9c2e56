import { z } from 'zod'
import type { Signer } from '../access/secrets.ts'
import { invalid } from '../errors.ts'

/** Cursors are opaque and signed: what a client sends back is what a list gave out, and for that very list. */
export interface Cursors {
  encode(list: string, position: unknown): string
  decode<T extends z.ZodType>(list: string, schema: T, cursor: string): z.output<T>
}

export function createCursors(signer: Signer): Cursors {
  return {
    encode(list, position) {
      const text = Buffer.from(JSON.stringify(position)).toString('base64url')
      return `${text}.${signer.sign(`${list} ${text}`)}`
    },
    decode(list, schema, cursor) {
      const [text = '', signature = '', ...rest] = cursor.split('.')
      if (rest.length > 0 || !signer.verify(`${list} ${text}`, signature)) throw invalid({ loc: ['query', 'cursor'], msg: 'Not a cursor that this list gave out', type: 'format' })
      return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    },
  }
}

/** `limit` and `cursor`, as every list takes them. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 200')
    .transform(Number)
    .refine((value) => value >= 1 && value <= 200, 'must be a whole number from 1 to 200')
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: 200, 'x-default': 50, description: 'How many at most' }),
  cursor: z.string().max(1000).optional().describe('`next_cursor` of the page before'),
}

export interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** A page of rows that are kept in the order of their ids, which is that of their making. */
export async function pageById<Row extends { readonly id: string }, Item>(
  { cursors, list, page }: { readonly cursors: Cursors; readonly list: string; readonly page: Page },
  read: (after: string | undefined, limit: number) => Promise<readonly Row[]>,
  present: (row: Row) => Item,
): Promise<{ items: Item[]; next_cursor: string | null }> {
  const after = page.cursor === undefined ? undefined : cursors.decode(list, z.string(), page.cursor)
  const rows = await read(after, page.limit + 1)
  const shown = rows.slice(0, page.limit)
  const last = shown.at(-1)
  return { items: shown.map(present), next_cursor: rows.length > page.limit && last ? cursors.encode(list, last.id) : null }
}

export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next_cursor: z.string().nullable() })
