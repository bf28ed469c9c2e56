import type { DriveScope } from '../../../access/scope.ts'
import { invalid, notFound } from '../../../errors.ts'
import { mergedMean, noMean } from '../face-means.ts'
import type { IndividualRow, IndividualViewRepository } from './individual-views.repository.ts'
import type { WhoseRepositories } from './whose-face.ts'

export interface PeopleRepositories extends WhoseRepositories {
  readonly individualViews: IndividualViewRepository
}

export async function individualFound({ individualViews }: Pick<PeopleRepositories, 'individualViews'>, scope: DriveScope<'read'>, id: string): Promise<IndividualRow> {
  const row = await individualViews.find(scope, id)
  if (!row) throw notFound('Individual')
  return row
}

/** A name is that of all faces. */
export async function rename(tx: PeopleRepositories, scope: DriveScope<'edit'>, { row, name, at }: { readonly row: IndividualRow; readonly name: string | null; readonly at: Date }) {
  if (row.name === name) return
  await tx.individuals.rename(scope, row.id, { name, at })
  const { driveId, caller } = scope
  await tx.activity.add({ driveId, caller, action: 'individual.updated', before: { id: row.id, name: row.name }, after: { id: row.id, name }, at })
}

/** The other gets its faces, its share of the mean, and its name where it has none itself. */
export async function merge(tx: PeopleRepositories, scope: DriveScope<'edit'>, { row, into, at }: { readonly row: IndividualRow; readonly into: string; readonly at: Date }): Promise<string> {
  const target = await individualFound(tx, scope, into)
  if (target.id === row.id) throw invalid({ loc: ['body', 'merge_into'], msg: 'must be another individual', type: 'conflicting' })
  const [mean, added] = [await tx.individuals.mean(scope, target.id), await tx.individuals.mean(scope, row.id)]
  await tx.individuals.moveFaces(scope, row.id, target.id)
  await tx.individuals.setMean(scope, target.id, { mean: mergedMean(mean ?? noMean, added ?? noMean), at })
  await tx.individuals.delete(scope, row.id)
  const { driveId, caller } = scope
  await tx.activity.add({ driveId, caller, action: 'individual.merged', before: { id: row.id, name: row.name }, after: { id: target.id, name: target.name ?? row.name }, at })
  if (target.name === null && row.name !== null) await rename(tx, scope, { row: target, name: row.name, at })
  return target.id
}
