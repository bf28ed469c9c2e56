import { and, asc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { AssetScope, DriveScope } from '../../../access/scope.ts'
import { type Executor, violatedConstraint } from '../../../db/client.ts'
import { faces, individuals } from '../../../db/schema/index.ts'
import { notFound, unavailable } from '../../../errors.ts'
import type { Mean } from '../face-means.ts'

export type IndividualRepository = ReturnType<typeof createIndividualRepository>

/** Whoever may edit an asset says whose faces are on it; individuals themselves are the drive's. */
type Editing = AssetScope<'edit'> | DriveScope<'edit'>

interface NewIndividual {
  readonly id: string
  readonly name: string | null
  readonly mean: Mean
}

export function createIndividualRepository(db: Executor) {
  const one = ({ driveId }: Editing, id: string) => and(eq(individuals.driveId, driveId), eq(individuals.id, id))

  return {
    /** Whose face is whose changes on a drive by one transaction after the other: so nobody is made twice, and nobody goes while faces come to them. */
    lock: ({ driveId }: Editing) => lockIndividuals(db, driveId),

    async named({ driveId }: Editing, name: string): Promise<string | undefined> {
      const found = await db
        .select({ id: individuals.id })
        .from(individuals)
        .where(and(eq(individuals.driveId, driveId), eq(individuals.name, name)))
        .orderBy(asc(individuals.id))
        .limit(1)
      return found[0]?.id
    },

    async mean(scope: Editing, id: string): Promise<Mean | undefined> {
      return (await db.select({ centroid: individuals.centroid, count: individuals.centroidCount }).from(individuals).where(one(scope, id)))[0]
    },

    /** Of all that have one. */
    async means({ driveId }: Editing): Promise<(readonly [string, Mean])[]> {
      const rows = await db
        .select({ id: individuals.id, centroid: individuals.centroid, count: individuals.centroidCount })
        .from(individuals)
        .where(and(eq(individuals.driveId, driveId), isNotNull(individuals.centroid)))
        .orderBy(asc(individuals.id))
      return rows.map(({ id, ...mean }) => [id, mean] as const)
    },

    async insert({ driveId }: Editing, made: readonly NewIndividual[], at: Date) {
      const rows = made.map(({ id, name, mean }) => ({ driveId, id, name, ...columnsOf(mean), createdAt: at, updatedAt: at }))
      try {
        for (let from = 0; from < rows.length; from += atOnce) await db.insert(individuals).values(rows.slice(from, from + atOnce))
      } catch (error) {
        if (violatedConstraint(error) === 'individuals_drive_id_drives_id_fk') throw notFound('Drive')
        throw error
      }
    },

    async rename(scope: Editing, id: string, { name, at }: { readonly name: string | null; readonly at: Date }) {
      await db.update(individuals).set({ name, updatedAt: at }).where(one(scope, id))
    },

    setMean: ({ driveId }: Editing, id: string, change: MeanChange) => setMean(db, { driveId, id }, change),

    /** Their faces become another's, or nobody's. */
    async moveFaces({ driveId }: DriveScope<'edit'>, from: string, to: string | null) {
      await db.update(faces).set(to === null ? { individualId: null, isAssignedByHand: false } : { individualId: to }).where(and(eq(faces.driveId, driveId), eq(faces.individualId, from)))
    },

    /** To be called when no face is theirs any more. */
    async delete(scope: DriveScope<'edit'>, id: string) {
      await db.delete(individuals).where(one(scope, id))
    },

    /** Those of these that have neither a name nor a face. */
    deleteIdle: ({ driveId }: Editing, ids: readonly string[]) => deleteIdle(db, driveId, ids),
  }
}

interface MeanChange {
  readonly mean: Mean
  readonly at: Date
}

export async function lockIndividuals(db: Executor, driveId: string) {
  try {
    await db.execute(sql`SELECT set_config('lock_timeout', '7s', true)`)
    await db.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`individuals ${driveId}`}, 0))`)
  } catch (error) {
    throw isTimeout(error) ? unavailable('Many faces of this drive are being written just now') : error
  }
}

export async function setMean(db: Executor, { driveId, id }: { readonly driveId: string; readonly id: string }, { mean, at }: MeanChange) {
  await db.update(individuals).set({ ...columnsOf(mean), updatedAt: at }).where(and(eq(individuals.driveId, driveId), eq(individuals.id, id)))
}

export async function deleteIdle(db: Executor, driveId: string, ids: readonly string[]) {
  if (ids.length === 0) return
  const isOfNoFace = sql`NOT EXISTS (SELECT FROM ${faces} WHERE ${faces.driveId} = ${individuals.driveId} AND ${faces.individualId} = ${individuals.id})`
  await db.delete(individuals).where(and(eq(individuals.driveId, driveId), inArray(individuals.id, [...ids]), isNull(individuals.name), isOfNoFace))
}

/** Rows in one statement: each carries a centroid of some kilobytes. */
const atOnce = 200

const columnsOf = ({ centroid, count }: Mean) => ({ centroid: centroid && [...centroid], centroidCount: count })

/** 55P03: the wait for a lock came to its end. */
function isTimeout(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if ('code' in at && at.code === '55P03') return true
  return false
}
