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

/** Where a position holds a path, a cursor is as long as that. */
export const pathPageQuery = { ...pageQuery, cursor: z.string().max(10_000).optional().describe('`next_cursor` of the page before') }

interface Listing {
  readonly cursors: Cursors
  /** What the cursor is good for: the list, with whatever narrows it. */
  readonly list: string
  readonly page: Page
}
/** What a row's place in the order is; a page begins after one. */
interface Order<Row, Position> {
  readonly schema: z.ZodType<Position>
  readonly positionOf: (row: Row) => Position
}
interface Reading<Row, Position, Item> {
  readonly read: (after: Position | undefined, limit: number) => Promise<readonly Row[]>
  readonly present: (row: Row) => Item
}

/** A page of rows in an order of their own. */
export async function pageBy<Row, Position, Item>(
  { cursors, list, page }: Listing,
  { schema, positionOf }: Order<Row, Position>,
  { read, present }: Reading<Row, Position, Item>,
): Promise<{ items: Item[]; next_cursor: string | null }> {
  const after = page.cursor === undefined ? undefined : cursors.decode(list, schema, page.cursor)
  const rows = await read(after, page.limit + 1)
  const shown = rows.slice(0, page.limit)
  const last = shown.at(-1)
  return { items: shown.map(present), next_cursor: rows.length > page.limit && last ? cursors.encode(list, positionOf(last)) : null }
}

/** A page of rows that are kept in the order of their ids, which is that of their making. */
export const pageById = <Row extends { readonly id: string }, Item>(
  listing: Listing,
  read: (after: string | undefined, limit: number) => Promise<readonly Row[]>,
  present: (row: Row) => Item,
) => pageBy(listing, { schema: z.string(), positionOf: (row: Row) => row.id }, { read, present })

export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next_cursor: z.string().nullable() })
