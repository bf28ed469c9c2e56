import { z } from 'zod'
import { PathTaken } from '../../assets/path-taken.ts'
import type { Store } from '../../db/store.ts'
import { defineJob, onJob } from '../../jobs/define-job.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import { workOnFolder, type WorkRepositories } from './work-on-folder.ts'

export const folderWork = defineJob({ name: 'folders:work', payload: z.object({ drive_id: z.guid(), operation_id: z.guid() }), maxAttempts: 12, timeoutSeconds: 6 * 3600 })
const tidyFolders = defineJob({ name: 'folders:tidy', payload: z.looseObject({}), maxAttempts: 3, timeoutSeconds: 600, cron: '37 * * * *' })

const hourMs = 3_600_000
const keptMs = 30 * 24 * hourMs

interface Needs {
  readonly store: Store<WorkRepositories & { readonly jobs: JobRepository }>
  readonly clock: Clock
}

/** Moves or trashes what is below a folder, in steps of a transaction each: a kill loses at most the one that was under way. */
export function folderWorking({ store, clock }: Needs) {
  /** True where there is nothing left to do. */
  const step = (driveId: string, id: string): Promise<boolean> =>
    store.transaction(async (tx) => {
      const operation = await tx.folderOperations.lockOpen(driveId, id)
      if (!operation) return true
      return (await workOnFolder(tx, operation, { at: clock.now(), includesNew: false })).state === 'COMPLETED'
    })

  /** An upload that takes a path in the middle of a step undoes it; the next look finds it there. */
  const steadily = async (driveId: string, id: string) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await step(driveId, id)
      } catch (error) {
        if (!(error instanceof PathTaken) || tries === 10) throw error
      }
    }
  }

  return onJob(folderWork, async ({ drive_id: driveId, operation_id: id }, { signal, isLast }) => {
    try {
      while (!(await steadily(driveId, id))) signal.throwIfAborted()
    } catch (error) {
      if (!signal.aborted) await store.folderOperations.fail(driveId, id, { error: 'Something went wrong on our side; it is tried again', isFinal: isLast, at: clock.now() })
      throw error
    }
  })
}

/** What nobody works on any more is ordered again; what ended a month ago is forgotten. */
export const folderTidying = ({ store, clock }: Needs) =>
  onJob(tidyFolders, async () => {
    const now = clock.now().getTime()
    await store.folderOperations.forget(new Date(now - keptMs))
    for (const { driveId, id } of await store.folderOperations.idle(new Date(now - hourMs))) await store.jobs.enqueue(folderWork, { drive_id: driveId, operation_id: id }, `folder:${id}`)
  })
