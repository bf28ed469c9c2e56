import type { DriveScope } from '../../../access/scope.ts'
import type { Store } from '../../../db/store.ts'
import { type Cursors, type Page, pageById } from '../../../model/cursor.ts'
import type { ObjectRepository } from '../../../objects/objects.repository.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { LinkSigner } from '../../../ports/link-signer.ts'
import type { Individual, IndividualChange } from '../faces.schemas.ts'
import { presentIndividual } from '../present-face.ts'
import { individualFound, merge, type PeopleRepositories, rename } from './merge-individuals.ts'
import { makeIndividual } from './whose-face.ts'

export type IndividualService = ReturnType<typeof createIndividualService>

interface Repositories extends PeopleRepositories {
  readonly objects: ObjectRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly cursors: Cursors
  readonly links: LinkSigner
  readonly clock: Clock
}

export function createIndividualService({ store, cursors, links, clock }: Needs) {
  const writing = <T>(scope: DriveScope<'edit'>, work: (tx: Repositories, at: Date) => Promise<T>): Promise<T> =>
    store.transaction(async (tx) => {
      await tx.individuals.lock(scope)
      return work(tx, clock.now())
    })

  return {
    list: (scope: DriveScope<'read'>, page: Page, named: boolean | undefined) =>
      pageById(
        { cursors, list: `individuals ${scope.driveId} ${String(named)}`, page },
        (after, limit) => store.individualViews.list(scope, { isNamed: named }, { after, limit }),
        (row) => presentIndividual(row, links),
      ),

    get: async (scope: DriveScope<'read'>, id: string): Promise<Individual> => presentIndividual(await individualFound(store, scope, id), links),

    create: (scope: DriveScope<'edit'>, name: string): Promise<Individual> =>
      writing(scope, async (tx, at) => {
        const id = store.objects.newId()
        await makeIndividual(tx, scope, { id, name, at })
        return presentIndividual(await individualFound(tx, scope, id), links)
      }),

    /** Another name, or all of it becomes another's: then that one is answered. */
    update: (scope: DriveScope<'edit'>, id: string, { name, merge_into: into }: IndividualChange): Promise<Individual> =>
      writing(scope, async (tx, at) => {
        const row = await individualFound(tx, scope, id)
        const left = into === undefined ? row.id : await merge(tx, scope, { row, into, at })
        if (name !== undefined) await rename(tx, scope, { row, name, at })
        return presentIndividual(await individualFound(tx, scope, left), links)
      }),

    /** The faces stay, and are of nobody. */
    remove: (scope: DriveScope<'edit'>, id: string): Promise<true> =>
      writing(scope, async (tx, at) => {
        const row = await individualFound(tx, scope, id)
        await tx.individuals.moveFaces(scope, row.id, null)
        await tx.individuals.delete(scope, row.id)
        const { driveId, caller } = scope
        await tx.activity.add({ driveId, caller, action: 'individual.deleted', before: { id: row.id, name: row.name }, at })
        return true as const
      }),
  }
}
