import { customType, timestamp } from 'drizzle-orm/pg-core'

/** Text that is ordered and compared by its bytes, so that an index on it serves prefix ranges whatever the database's locale. */
export const byteText = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' })

export const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** A moment, to the millisecond: what JavaScript can hold, so that what is read compares equal to what was written. */
export const moment = () => timestamp({ withTimezone: true, precision: 3 })
