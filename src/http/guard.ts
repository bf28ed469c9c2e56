import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Authenticate } from '../access/authenticate.ts'
import type { Decide } from '../access/decide.ts'
import { grantAsset, grantDrive } from '../access/grant.ts'
import type { AccessRule, AssetScope, Caller, DriveScope } from '../access/scope.ts'
import type { Action } from '../access/actions.ts'
import { AppError, notFound } from '../errors.ts'
import type { Route } from './define-route.ts'
import { faultsOf, parsing } from './parse-input.ts'

interface Needs {
  readonly authenticate: Authenticate
  readonly decide: Decide
}
type AssetRule = AccessRule & { readonly kind: 'asset' }
type DriveRule = AccessRule & { readonly kind: 'drive' }

const named = z.object({ drive_id: z.guid() })
const perhapsNamed = z.object({ drive_id: z.guid().nullish() })

/**
 * The only place that decides who may do what: who calls (401), whether the ids are well formed (422), what the caller may do (404, 403).
 * It runs before a body is read, but for the routes whose drive stands in the body. A route that states no access rule stops the server from starting.
 */
export function addGuard(app: FastifyInstance, { authenticate, decide }: Needs) {
  app.decorateRequest('granted')

  app.addHook('onRoute', ({ method, url, config }) => {
    if (!config?.route) throw new Error(`${String(method)} ${url} states no access rule`)
  })

  app.addHook('onRequest', async (request) => {
    request.granted = { caller: null, drive: null, asset: null }
    const route = request.is404 ? undefined : request.routeOptions.config.route
    if (!route || route.access.kind === 'public') return
    const caller = await authenticate(credentialOf(route, request))
    request.granted = { ...request.granted, caller }
    idsAreWellFormed(route, request)
    // A collection that is named decides alone, also for a member; there is none yet, so it is unknown.
    if (route.access.kind !== 'caller' && route.access.kind !== 'operator' && namesCollection(request)) throw notFound('Collection')
    await admit(route.access, caller, request)
  })

  app.addHook('preValidation', async (request) => {
    const { route } = request.routeOptions.config
    const { caller } = request.granted
    if (!route || !caller) return
    if (route.access.kind === 'drive' && route.access.drive === 'body') {
      const drive = await openDrive(route.access, caller, idIn(named, 'body', request.body))
      request.granted = { ...request.granted, drive }
    }
    if (route.access.kind === 'asset' && route.access.drive === 'body') belongsTogether(request)
  })

  async function admit(access: AccessRule, caller: Caller, request: FastifyRequest) {
    // A key that was narrowed to a drive runs no installation, whoever's it is.
    if (access.kind === 'operator' && (!caller.isOperator || caller.onlyDriveId !== null)) throw new AppError('forbidden', 'This is for operators of the installation')
    if (access.kind === 'drive' && access.drive !== 'body') {
      const drive = await openDrive(access, caller, idIn(named, access.drive, access.drive === 'path' ? request.params : request.query))
      request.granted = { ...request.granted, drive }
    }
    if (access.kind === 'asset') request.granted = { ...request.granted, asset: await openAsset(access, caller, request) }
  }

  async function openDrive({ action }: DriveRule, caller: Caller, driveId: string): Promise<DriveScope<Action>> {
    const actions = await decide.onDrive(caller, driveId, { action, what: 'Drive' })
    return grantDrive({ driveId, caller, actions }, action)
  }

  async function openAsset({ action, drive, required }: AssetRule, caller: Caller, request: FastifyRequest): Promise<AssetScope<Action>> {
    const { asset_id: named } = request.params as { asset_id: string } // looked at by idsAreWellFormed
    const assetId = canonicalId(named)
    const given = drive === 'query' ? driveIn(request.query, required) : undefined
    const driveId = given ?? (await decide.driveOf(assetId))
    // Where there is no such asset the role is asked for all the same, on no drive: what does not exist takes as long as what is somebody else's.
    const actions = await decide.onDrive(caller, driveId ?? assetId, { action, what: 'Asset' })
    if (!driveId) throw notFound('Asset')
    return grantAsset({ driveId, assetId, caller, actions }, action)
  }
}

function credentialOf(route: Route, request: FastifyRequest): string | undefined {
  const header = request.headers.authorization
  if (header !== undefined || !route.queryCredential) return header
  const { authorization } = request.query as Record<string, unknown> // Fastify's query is an object of strings and arrays
  return typeof authorization === 'string' ? authorization : undefined
}

function namesCollection({ headers, query }: FastifyRequest): boolean {
  const asked = query as Record<string, unknown> // Fastify's query is an object
  return [headers['shade-collection-id'], headers['collection-id'], asked['shade-collection-id'], asked['share_id']].some((each) => each !== undefined && each !== '')
}

/** The ids in path and query, all of them before anything is looked up. */
function idsAreWellFormed({ params, access }: Route, request: FastifyRequest) {
  const path = params.safeParse(request.params, parsing)
  const inQuery = (access.kind === 'asset' || access.kind === 'drive') && access.drive === 'query'
  const query = inQuery ? (access.kind === 'asset' && !access.required ? perhapsNamed : named).safeParse(request.query, parsing) : undefined
  const faults = [...(path.error ? faultsOf('path', path.error) : []), ...(query?.error ? faultsOf('query', query.error) : [])]
  if (faults.length > 0) throw new AppError('invalid', 'The request is invalid', { faults })
}

function idIn(schema: typeof named, place: 'path' | 'query' | 'body', value: unknown): string {
  const result = schema.safeParse(value ?? {}, parsing)
  if (!result.success) throw new AppError('invalid', 'The request is invalid', { faults: faultsOf(place, result.error) })
  return canonicalId(result.data.drive_id)
}

function driveIn(query: unknown, required: boolean): string | undefined {
  if (required) return idIn(named, 'query', query)
  const result = perhapsNamed.safeParse(query ?? {}, parsing)
  if (!result.success) throw new AppError('invalid', 'The request is invalid', { faults: faultsOf('query', result.error) })
  return result.data.drive_id ? canonicalId(result.data.drive_id) : undefined
}

/** The drive in the body never widens what the asset in the path was granted for: another's answers as if there were no such asset. */
function belongsTogether(request: FastifyRequest) {
  const { data } = perhapsNamed.safeParse(request.body ?? {})
  if (data?.drive_id && canonicalId(data.drive_id) !== request.granted.asset?.driveId) throw notFound('Asset')
}

/** Postgres takes an id in any case; our comparisons and cache take one. */
const canonicalId = (id: string) => id.toLowerCase()
