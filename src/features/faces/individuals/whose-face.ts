import type { AssetScope, DriveScope } from '../../../access/scope.ts'
import type { ActivityRepository } from '../../../activity/activity.repository.ts'
import { invalid, notFound } from '../../../errors.ts'
import { noMean, withFace, withoutFace } from '../face-means.ts'
import type { FaceChange } from '../faces.schemas.ts'
import type { IndividualRepository } from './individuals.repository.ts'

export interface WhoseRepositories {
  readonly individuals: IndividualRepository
  readonly activity: ActivityRepository
}

/** Under the drive's lock: a new individual. */
export async function makeIndividual(tx: WhoseRepositories, scope: AssetScope<'edit'> | DriveScope<'edit'>, { id, name, at }: { readonly id: string; readonly name: string; readonly at: Date }) {
  await tx.individuals.insert(scope, [{ id, name, mean: noMean }], at)
  await tx.activity.add({ driveId: scope.driveId, caller: scope.caller, action: 'individual.created', after: { id, name }, at })
}

/** Under the drive's lock: who is meant. Null = nobody; undefined = nothing was said. */
export async function individualMeant(
  tx: WhoseRepositories,
  scope: AssetScope<'edit'>,
  { individual_id: id, individual_name: name, newId, at }: FaceChange & { readonly newId: string; readonly at: Date },
): Promise<string | null | undefined> {
  if (id != null && name != null) throw invalid({ loc: ['body', 'individual_name'], msg: 'Give at most one of individual_id and individual_name', type: 'conflicting' })
  if (id != null) {
    if (!(await tx.individuals.mean(scope, id))) throw notFound('Individual')
    return id.toLowerCase()
  }
  if (name == null) return id === null || name === null ? null : undefined
  const known = await tx.individuals.named(scope, name)
  if (known !== undefined) return known
  await makeIndividual(tx, scope, { id: newId, name, at })
  return newId
}

interface Move {
  /** Of the face; null where nobody measured it. */
  readonly embedding: readonly number[] | null
  readonly from: string | null
  readonly to: string | null
  readonly at: Date
}

/** Under the drive's lock, once the face has moved: the means follow it, and an individual that has neither name nor face left goes. */
export async function followFace(
  tx: Pick<WhoseRepositories, 'individuals'>,
  scope: AssetScope<'edit'>,
  { embedding, from, to, at }: Move,
) {
  if (from === to) return
  if (embedding !== null) await moveEmbedding(tx, scope, { embedding, from, to, at })
  if (from !== null) await tx.individuals.deleteIdle(scope, [from])
}

async function moveEmbedding({ individuals }: Pick<WhoseRepositories, 'individuals'>, scope: AssetScope<'edit'>, { embedding, from, to, at }: Move & { readonly embedding: readonly number[] }) {
  const left = from === null ? undefined : await individuals.mean(scope, from)
  if (from !== null && left) await individuals.setMean(scope, from, { mean: withoutFace(left, embedding), at })
  const joined = to === null ? undefined : await individuals.mean(scope, to)
  if (to !== null && joined) await individuals.setMean(scope, to, { mean: withFace(joined, embedding), at })
}
