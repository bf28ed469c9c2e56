import { AppError } from '../errors.ts'
import { type Comparison, compareObjects, type MissingObject } from '../objects/compare-objects.ts'
import { withInstallation } from './with-installation.ts'

export interface Compared {
  readonly isSound: boolean
  readonly value: unknown
  readonly words: string
}

/** Whether the object store holds what the tables say, and nothing else. */
export async function examineObjects(grace: string): Promise<Compared> {
  if (!/^\d{1,6}(\.\d{1,6})?$/.test(grace)) throw new AppError('malformed', `--grace is a number of hours, not ${grace}`)
  const before = new Date(Date.now() - Number(grace) * 3_600_000)
  const result = await withInstallation(({ store, storage }) => compareObjects({ list: store.objectList, storage, before }))
  const { orphans, missing } = result
  return { isSound: orphans.count === 0 && missing.count === 0, value: present(result), words: wordsFor(result, Number(grace)) }
}

const present = ({ orphans, missing, ...counts }: Comparison) => ({
  ...counts,
  orphans: { count: orphans.count, first: orphans.first.map(({ key, size, modified }) => ({ key, size_bytes: size, modified: modified.toISOString() })) },
  missing: {
    count: missing.count,
    first: missing.first.map(({ row, foundBytes }) => ({ drive_id: row.driveId, object_id: row.id, kind: row.kind, key: row.key, size_bytes: row.sizeBytes, found_bytes: foundBytes })),
  },
})

function wordsFor({ agreeing, linked, waiting, uploading, incoming, young, orphans, missing }: Comparison, graceHours: number): string {
  const lines = [`ok    ${agreeing} objects are there as the tables say${linked > 0 ? `, ${linked} of them linked` : ''}`]
  const also = (count: number, what: string) => (count > 0 ? lines.push(`note  ${count} ${what}`) : undefined)
  also(waiting, 'are referred to by nothing: the sweep takes them after a day')
  also(uploading, 'belong to uploads under way')
  also(incoming, 'lie below incoming/, and nobody has registered them')
  also(young, `have no row, and are younger than ${graceHours} h: theirs may be about to be written`)
  if (orphans.count > 0) lines.push(`FAIL  ${orphans.count} orphans: no row knows them, and nobody will remove them`, ...orphans.first.map(({ key, size, modified }) => `        ${key}  ${size} bytes, ${modified.toISOString()}`))
  if (missing.count > 0) lines.push(`FAIL  ${missing.count} missing: assets refer to them`, ...missing.first.map((each) => `        ${each.row.key}  ${whatIsThere(each)}`))
  if (orphans.count > orphans.first.length || missing.count > missing.first.length) lines.push(`      (the first ${Math.max(orphans.first.length, missing.first.length)} of each)`)
  return lines.join('\n')
}

const whatIsThere = ({ row, foundBytes }: MissingObject) => (foundBytes === null ? 'is not there' : `has ${foundBytes} bytes, not ${row.sizeBytes}`)
