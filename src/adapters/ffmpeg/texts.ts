/** What a database can keep: no zero characters, no half of a surrogate pair. */
export const cleaned = (text: string): string => text.replaceAll('\0', ' ').toWellFormed()

/** The beginning of a text, and no half of a character at its end. */
export const shortened = (text: string, most: number): string => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')
