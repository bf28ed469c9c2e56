/** What a Range header asks of so many bytes; `whole` also where it asks for several ranges, or for nothing that RFC 9110 §14 knows. */
export type AskedRange = { readonly start: number; readonly end: number } | 'whole' | 'unsatisfiable'

/** Positions are inclusive, as in the header. (The range-parser package refuses a suffix longer than the object, which is all of it.) */
export function askedRange(header: string | undefined, size: number): AskedRange {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '')
  const [first = '', last = ''] = match?.slice(1) ?? []
  if (first !== '') return rangeFrom(Number(first), last === '' ? Infinity : Number(last), size)
  return last === '' ? 'whole' : lastBytes(Number(last), size)
}

function rangeFrom(start: number, end: number, size: number): AskedRange {
  if (end < start) return 'whole' // no range at all
  return start >= size ? 'unsatisfiable' : { start, end: Math.min(end, size - 1) }
}

const lastBytes = (count: number, size: number): AskedRange => (count === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - count), end: size - 1 })
