import { v7 as uuidv7 } from 'uuid'
import { keyHash, newKey } from '../../access/api-keys.ts'
import type { Decide } from '../../access/decide.ts'
import { type Caller, server } from '../../access/scope.ts'
import { AppError, invalid, notFound } from '../../errors.ts'
import { type Cursors, type Page, pageById } from '../../model/cursor.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ApiKey, ApiKeyDraft, NewApiKey } from './accounts.schemas.ts'
import type { ApiKeyRepository, ApiKeyRow } from './api-keys.repository.ts'
import type { UserRepository } from './users.repository.ts'

export type ApiKeyService = ReturnType<typeof createApiKeyService>

interface Needs {
  readonly store: { readonly apiKeys: ApiKeyRepository; readonly users: UserRepository }
  readonly decide: Decide
  readonly cursors: Cursors
  readonly clock: Clock
}

export function createApiKeyService({ store, decide, cursors, clock }: Needs) {
  async function createKey(maker: Caller, owner: string, { name, drive_id, expires }: ApiKeyDraft): Promise<NewApiKey> {
    // A key makes none that does more, or lives longer, than itself.
    const driveId = drive_id ?? maker.onlyDriveId
    if (driveId !== null) await decide.onDrive({ ...maker, userId: owner }, driveId, { action: 'read_metadata', what: 'Drive' })
    const now = clock.now()
    const expiresAt = expires ? new Date(expires) : null
    endsInTime(expiresAt, { now, latest: await endOf(maker, now) })
    const [id, key] = [uuidv7(), newKey()]
    await store.apiKeys.insert({ id, userId: owner, onlyDriveId: driveId, name, hash: keyHash(key), createdAt: now, expiresAt })
    return { id, key, name, drive_id: driveId, created: now.toISOString(), expires: expiresAt?.toISOString() ?? null }
  }

  /** When the asking key ends: asked of the database, so that a key that was just revoked leaves no child behind. */
  async function endOf({ keyId }: Caller, now: Date): Promise<Date | null> {
    if (keyId === null) return null
    const own = await store.apiKeys.living(keyId, now)
    if (!own) throw new AppError('unauthenticated', 'This key has ended')
    return own.expiresAt
  }

  return {
    /** A key that is narrowed to a drive sees, and revokes, those of that drive alone. */
    list: (owner: Pick<Caller, 'userId' | 'onlyDriveId'>, page: Page) =>
      pageById({ cursors, list: `keys ${owner.userId} ${owner.onlyDriveId ?? ''}`, page }, (after, limit) => store.apiKeys.list(owner, after, limit), presentKey),
    createOwn: (caller: Caller, draft: ApiKeyDraft) => createKey(caller, caller.userId, draft),
    async createFor(caller: Caller, userId: string, draft: ApiKeyDraft): Promise<NewApiKey> {
      if (!(await store.users.find(userId))) throw notFound('User')
      return createKey(caller, userId, draft)
    },
    /** One's own; the server's command line revokes anybody's. */
    async revoke(caller: Caller, id: string): Promise<true> {
      const owner = caller === server ? undefined : caller
      if (!(await store.apiKeys.revoke(id, owner, clock.now()))) throw notFound('API key')
      return true
    },
  }
}

function endsInTime(expires: Date | null, { now, latest }: { readonly now: Date; readonly latest: Date | null }) {
  const fault = (msg: string) => invalid({ loc: ['body', 'expires'], msg, type: 'range' })
  if (expires && expires <= now) throw fault('must lie in the future')
  if (latest && (!expires || expires > latest)) throw fault(`must not lie after the end of the key that asks, ${latest.toISOString()}`)
}

const presentKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  drive_id: row.onlyDriveId,
  created: row.createdAt.toISOString(),
  expires: row.expiresAt?.toISOString() ?? null,
  last_used: row.lastUsedAt?.toISOString() ?? null,
})
