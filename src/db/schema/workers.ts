import { pgTable, text } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'

/** One row per running worker, renewed every few seconds; the jobs of one that falls silent are handed back. */
export const workerHeartbeats = pgTable('worker_heartbeats', {
  workerId: text().primaryKey(),
  seenAt: moment().notNull(),
})
