import { setImmediate as turn } from 'node:timers/promises'
import type { AssetScope } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { AssetLockRepository } from '../../assets/asset-lock.repository.ts'
import type { Store } from '../../db/store.ts'
import { conflict, notFound } from '../../errors.ts'
import type { AssetJobRepository } from '../../jobs/asset-jobs.repository.ts'
import { keepFiles } from '../../objects/keep-files.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Region } from '../../ports/image-engine.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { overlapOf } from './face-box.ts'
import { createFaceGroups, type FaceGroups } from './face-groups.ts'
import { noMean } from './face-means.ts'
import { faceJob } from './faces.jobs.ts'
import type { FaceRepository, KnownFace, NewFace } from './faces.repository.ts'
import type { IndividualRepository } from './individuals/individuals.repository.ts'

export interface KeepingRepositories {
  readonly assetLock: AssetLockRepository
  readonly faces: FaceRepository
  readonly individuals: IndividualRepository
  readonly objects: ObjectRepository
  readonly assetJobs: AssetJobRepository
  readonly activity: ActivityRepository
}
export interface KeepingNeeds {
  readonly store: Store<KeepingRepositories>
  readonly storage: ObjectStorage
  readonly clock: Clock
  /** By cosine: faces nearer than this are of one person. */
  readonly leastSimilarity: number
}

export interface SeenFace {
  readonly frame: number
  readonly timestampSeconds: number | null
  readonly box: Region
  readonly confidence: number | null
  /** Of length 1. */
  readonly embedding: readonly number[] | null
  /** The face cut out. */
  readonly file: string | null
}
interface Identified extends SeenFace {
  readonly id: string
  readonly objectId: string | null
}

/** The same place: what was said by hand of the face there before is true of this one. */
const leastOverlap = 0.5

/** What a finder saw takes the place of what one saw before; faces marked by hand stay, and so does what somebody said of the others. */
export async function keepFoundFaces({ store, storage, clock, leastSimilarity }: KeepingNeeds, scope: AssetScope<'edit'>, { seen, signal }: { readonly seen: readonly SeenFace[]; readonly signal: AbortSignal }) {
  const { driveId, assetId, caller } = scope
  const { newId } = store.objects
  const at = clock.now()
  const found = seen.map((each): Identified => ({ ...each, id: store.objects.newId(), objectId: each.file === null ? null : store.objects.newId() }))
  const files = found.flatMap(({ id, objectId, file }) =>
    objectId === null || file === null ? [] : [{ file, object: { id: objectId, kind: 'face', key: objectKeys.face(driveId, assetId, id), contentType: 'image/jpeg' } as const }],
  )
  await keepFiles({ store, storage }, { driveId, files, at, signal }, (sizes) =>
    store.transaction(async (tx) => {
      await tx.individuals.lock(scope)
      if (!(await tx.assetLock.take(scope))) throw notFound('Asset')
      if (!(await tx.objects.store(driveId, sizes))) throw conflict('Looking for faces took longer than a day')
      const known = new Map(await tx.individuals.means(scope))
      const before = await tx.faces.automatic(scope)
      const groups = createFaceGroups(known, leastSimilarity)
      const made = await grouped(found, { groups, before, newId, at })
      for (const { individualId, embedding } of before) if (individualId !== null && embedding) groups.remove(individualId, embedding)

      await tx.faces.deleteAutomatic(scope)
      await writeIndividuals(tx, scope, { made, groups, at })
      await tx.faces.insert(scope, made.faces)
      await tx.individuals.deleteIdle(scope, idsOf(before))
      await tx.objects.unreference(driveId, before.flatMap(({ objectId }) => objectId ?? []))
      await tx.assetJobs.set(scope, [faceJob], { state: 'COMPLETED', progress: 1 })
      if (found.length > 0) await tx.activity.add({ driveId, caller, action: 'face.added', assetId, after: { found: found.length }, at })
    }),
  )
}

interface Grouping {
  readonly groups: FaceGroups
  readonly before: readonly KnownFace[]
  readonly newId: () => string
  readonly at: Date
}
interface Grouped {
  readonly faces: readonly NewFace[]
  /** Who was not known before. */
  readonly newIndividuals: readonly string[]
}

/** Each face is held against all individuals of the drive, those that the faces before it made too. */
async function grouped(found: readonly Identified[], { groups, before, newId, at }: Grouping): Promise<Grouped> {
  const faces: NewFace[] = []
  const newIndividuals: string[] = []
  const assigned = new Set(before.filter((each) => each.isAssignedByHand))

  function whose(face: Identified): { readonly individualId: string | null; readonly isAssignedByHand: boolean } {
    const here = inItsPlace(face, assigned)
    if (here) {
      assigned.delete(here)
      return { individualId: here.individualId, isAssignedByHand: true }
    }
    if (face.embedding === null) return { individualId: null, isAssignedByHand: false }
    const near = groups.nearest(face.embedding)
    if (near !== undefined) return { individualId: near, isAssignedByHand: false }
    const individualId = newId()
    newIndividuals.push(individualId)
    return { individualId, isAssignedByHand: false }
  }

  for (const face of found) {
    const { individualId, isAssignedByHand } = whose(face)
    if (individualId !== null && face.embedding) groups.add(individualId, face.embedding)
    const { file: _, ...seen } = face
    faces.push({ ...seen, individualId, isAssignedByHand, source: 'automatic', createdBy: null, at })
    await turn() // thousands of comparisons each: others have their turn in between
  }
  return { faces, newIndividuals }
}

function inItsPlace({ frame, box }: Identified, assigned: ReadonlySet<KnownFace>): KnownFace | undefined {
  const rated = [...assigned].filter((each) => each.frame === frame).map((face) => ({ face, overlap: overlapOf(face.box, box) }))
  const best = rated.sort((one, other) => other.overlap - one.overlap)[0]
  return best && best.overlap >= leastOverlap ? best.face : undefined
}

/** New ones with their means, and the means of those whose faces came or went. */
async function writeIndividuals({ individuals }: KeepingRepositories, scope: AssetScope<'edit'>, { made, groups, at }: { readonly made: Grouped; readonly groups: FaceGroups; readonly at: Date }) {
  const changed = groups.changed()
  await individuals.insert(scope, made.newIndividuals.map((id) => ({ id, name: null, mean: changed.get(id) ?? noMean })), at)
  const isNew = new Set(made.newIndividuals)
  for (const [id, mean] of changed) if (!isNew.has(id)) await individuals.setMean(scope, id, { mean, at })
}

const idsOf = (faces: readonly KnownFace[]) => [...new Set(faces.flatMap(({ individualId }) => individualId ?? []))]
