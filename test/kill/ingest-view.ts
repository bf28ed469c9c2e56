import { readdir, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { S3Double } from '../support/s3-double.ts'
import { isBallast } from './faults.ts'
import type { OpenInstallation } from './installation.ts'

/** The asset's jobs that ingest does; the others wait for services that nobody set up. */
const worked = ['metadata', 'preview', 'color_palette', 'proxy', 'audio_proxy', 'audio']

export interface JobRow {
  readonly name: string
  readonly state: string
  readonly error: string | null
}
interface Standing {
  readonly previews: string
  readonly frames: string
  readonly renditions: readonly string[] | null
  /** Referred to, below the asset. */
  readonly objects: readonly { readonly key: string; readonly size: number; readonly references: number }[] | null
}

const ofAsset = `payload ->> 'asset_id' = $1`

/** An asset as its rows, the queue and the bucket have it; and hurries its jobs, as no user can. */
export function ingestView({ rows, temp }: OpenInstallation, double: S3Double) {
  const jobs = async (id: string) => (await rows<JobRow>('SELECT name, state, error FROM asset_jobs WHERE asset_id = $1 AND name = ANY($2)', [id, worked])).sort((one, other) => worked.indexOf(one.name) - worked.indexOf(other.name))
  const queued = async (id: string) => Number((await rows<{ n: string }>(`SELECT count(*) AS n FROM graphile_worker._private_jobs WHERE ${ofAsset} AND (attempts < max_attempts OR locked_by IS NOT NULL)`, [id]))[0]?.n)

  /** What waits for another try is tried at once: a pause between tries grows to hours. */
  async function hurry(id: string, { isLastTry }: { readonly isLastTry: boolean }) {
    const hurried = await rows(
      `UPDATE graphile_worker._private_jobs SET run_at = now(), attempts = CASE WHEN $2 THEN greatest(attempts, max_attempts - 1) ELSE attempts END
       WHERE ${ofAsset} AND locked_by IS NULL AND attempts < max_attempts AND (run_at > now() OR ($2 AND attempts < max_attempts - 1)) RETURNING 1`,
      [id, isLastTry],
    )
    if (hurried.length > 0) await rows(`SELECT pg_notify('jobs:insert', '{"r":' || random() || ',"count":1}')`)
  }

  return {
    jobs,
    /** Answers the jobs when they have ended, or after the time that may be waited. */
    async ended(id: string, { isLastTry = false, limitMs = 60_000 } = {}): Promise<{ readonly jobs: readonly JobRow[]; readonly haveEnded: boolean }> {
      for (const until = Date.now() + limitMs; ; await pause(25)) {
        const found = await jobs(id)
        const haveEnded = found.length === worked.length && found.every(({ state }) => state === 'COMPLETED' || state === 'FAILED') && (await queued(id)) === 0
        if (haveEnded || Date.now() > until) return { jobs: found, haveEnded }
        await hurry(id, { isLastTry })
      }
    },

    /** Until something of it went wrong, or all of it well. */
    async troubled(id: string, limitMs = 60_000): Promise<readonly JobRow[]> {
      for (const until = Date.now() + limitMs; ; await pause(15)) {
        const found = await jobs(id)
        const isWell = found.length === worked.length && found.every(({ state }) => state === 'COMPLETED')
        if (isWell || found.some(({ error }) => error !== null) || Date.now() > until) return found
      }
    },

    /** What is not as in the asset that nobody disturbed. */
    async doubled(id: string, model: string): Promise<readonly string[]> {
      const { previews, frames, renditions, objects } = await standing(id)
      const usual = await standing(model)
      const faults: string[] = []
      if (previews !== frames) faults.push(`${previews} previews of ${frames} frames`)
      if (previews !== usual.previews) faults.push(`${previews} previews in place of ${usual.previews}`)
      if (renditions?.join() !== usual.renditions?.join()) faults.push(`renditions ${renditions?.join()} in place of ${usual.renditions?.join()}`)
      if (objects?.length !== Number(previews) + (renditions?.length ?? 0)) faults.push(`${objects?.length} objects are referred to`)
      for (const { key, size, references } of objects ?? []) {
        if (references !== 1) faults.push(`${key} is referred to ${references} times`)
        if (double.store.get(key)?.size !== size) faults.push(`${key} has ${double.store.get(key)?.size} of ${size} bytes`)
      }
      return faults
    },

    /** What lies in the folder for temporary files, some moments later still. */
    async leftovers(): Promise<readonly string[]> {
      for (const until = Date.now() + 3000; ; await pause(50)) {
        const left = (await readdir(temp, { recursive: true })).filter((name) => !isBallast(name))
        const kept = await Promise.all(left.map(async (name) => ((await stat(`${temp}/${name}`).catch(() => undefined))?.isDirectory() !== false && !/^jobs\/./.test(name) ? [] : [name])))
        if (kept.flat().length === 0 || Date.now() > until) return kept.flat()
      }
    },
  }

  async function standing(id: string): Promise<Standing> {
    const [row] = await rows<Standing>(
      `SELECT (SELECT count(*) FROM previews WHERE asset_id = $1) AS previews, (SELECT count(DISTINCT frame) FROM previews WHERE asset_id = $1) AS frames,
         (SELECT array_agg(kind ORDER BY kind) FROM renditions WHERE asset_id = $1) AS renditions,
         (SELECT json_agg(json_build_object('key', key, 'size', size_bytes, 'references', reference_count)) FROM objects WHERE reference_count > 0 AND key LIKE '%/assets/' || $1 || '/%') AS objects`,
      [id],
    )
    if (!row) throw new Error('A row without a table always comes')
    return row
  }
}
export type IngestView = ReturnType<typeof ingestView>
