import { createHash } from 'node:crypto'
import jwt, { type Algorithm } from 'jsonwebtoken'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { AccessRepository } from './access.repository.ts'
import { keyHash, keyPattern } from './api-keys.ts'
import type { Caller } from './scope.ts'

/** How access tokens of another issuer are verified; one algorithm family, fixed by the kind of key. */
export interface TokenSettings {
  readonly key: string
  readonly algorithms: readonly Algorithm[]
  readonly issuer: string
  readonly audience: string
}

interface Needs {
  readonly access: AccessRepository
  readonly clock: Clock
  readonly tokens: TokenSettings | null
  /** For how long a caller is remembered without asking the database: what a revoked key still lives. */
  readonly cacheMs: number
}

export type Authenticate = (credential: string | undefined) => Promise<Caller>

const refused = () => new AppError('unauthenticated', 'Send a valid API key or access token: Authorization: Bearer <sk_… or JWT>')
const Claims = z.object({ sub: z.guid(), exp: z.number(), typ: z.enum(['access', 'Bearer']).optional() })

interface Known {
  readonly caller: Caller
  readonly expires: number
}

/** Finds the caller behind an Authorization value: `sk_…` raw or `Bearer <sk_… | JWT>`. Every failure is the same 401. */
export function createAuthenticate({ access, clock, tokens, cacheMs }: Needs): Authenticate {
  const remembered = cacheMs > 0 ? new LRUCache<string, Known>({ max: 10_000, ttl: cacheMs }) : undefined

  async function byKey(key: string): Promise<Known> {
    const row = await access.keyByHash(keyHash(key))
    if (!row) throw refused()
    const { expiresAt, lastUsedAt, ...caller } = row
    const now = clock.now()
    if (expiresAt && expiresAt <= now) throw refused()
    if (!lastUsedAt || now.getTime() - lastUsedAt.getTime() > 60_000) void access.noteUse(caller.keyId, now).catch(() => undefined)
    return { caller, expires: expiresAt?.getTime() ?? Infinity }
  }

  async function byToken(token: string): Promise<Known> {
    if (!tokens) throw refused()
    const claims = verified(token, tokens, clock.now())
    if (!claims) throw refused()
    const user = await access.userById(claims.sub)
    if (!user) throw refused()
    return { caller: { ...user, keyId: null, onlyDriveId: null }, expires: claims.exp * 1000 }
  }

  return async (credential) => {
    const given = credential?.replace(/^Bearer +/i, '') ?? ''
    if (given === '' || given.length > 8192) throw refused()
    const digest = createHash('sha256').update(given).digest('base64') // the cache holds no credential
    let known = remembered?.get(digest)
    if (!known) {
      known = await (keyPattern.test(given) ? byKey(given) : byToken(given))
      remembered?.set(digest, known)
    }
    if (known.expires <= clock.now().getTime()) throw refused()
    return known.caller
  }
}

function verified(token: string, { key, algorithms, issuer, audience }: TokenSettings, now: Date) {
  try {
    const clockTimestamp = Math.floor(now.getTime() / 1000)
    return Claims.safeParse(jwt.verify(token, key, { algorithms: [...algorithms], issuer, audience, clockTimestamp })).data
  } catch {
    return undefined
  }
}
