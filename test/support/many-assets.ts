import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'

interface Many {
  readonly driveId: string
  readonly directory: string
  readonly count: number
}

/** So many assets of one folder, `n000001.mov` and on, by one statement; they share a source. */
export async function manyAssets(pool: Pool, { driveId, directory, count }: Many): Promise<void> {
  const objectId = randomUUID()
  await pool.query(
    `INSERT INTO objects (drive_id, id, kind, key, state, size_bytes, content_type, reference_count, created_at)
     VALUES ($1, $2, 'source', $2::uuid || '/source', 'stored', 1000, 'video/quicktime', $3, now())`,
    [driveId, objectId, count],
  )
  await pool.query(
    `INSERT INTO assets (drive_id, id, directory, name, extension, type, source_object_id, size_bytes, content_type, created_at, updated_at, placed_at)
     SELECT $1, gen_random_uuid(), $2, 'n' || lpad(n::text, 6, '0') || '.mov', 'mov', 'VIDEO', $3, 1000, 'video/quicktime', now() - interval '1 minute', now(), now() - interval '1 minute'
     FROM generate_series(1, $4::int) AS n`,
    [driveId, directory, objectId, count],
  )
}
