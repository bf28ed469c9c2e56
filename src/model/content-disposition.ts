import contentDisposition from 'content-disposition'

/**
 * A Content-Disposition value for any name: ASCII fallback and RFC 8187 `filename*`, by the library. What no file can be called (control characters,
 * path separators, marks that turn the direction of reading) is replaced first, so that nobody saves a file that looks like another.
 */
export function dispositionFor(kind: 'attachment' | 'inline', name: string): string {
  const safe = safeName(name)
  // The library's own fallback is Latin-1, which not every proxy and store carries.
  return contentDisposition(safe, { type: kind, fallback: safe.replaceAll(/[^\x20-\x7e]/g, '_') })
}

const unsafe = /[\p{Cc}/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

function safeName(name: string): string {
  const replaced = name.toWellFormed().replaceAll(unsafe, '_').trim()
  return replaced === '' || /^\.+$/.test(replaced) ? 'file' : replaced
}
