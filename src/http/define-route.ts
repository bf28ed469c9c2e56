import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Action } from '../access/actions.ts'
import type { AccessRule, AssetScope, Caller, DriveScope, DriveSource } from '../access/scope.ts'
import type { ErrorCode } from '../errors.ts'

/** What the guard found out about a request. */
export interface Granted {
  readonly caller: Caller | null
  readonly drive: DriveScope<Action> | null
  readonly asset: AssetScope<Action> | null
}

declare module 'fastify' {
  interface FastifyContextConfig {
    route?: Route
  }
  interface FastifyRequest {
    granted: Granted
  }
}

type Shape = Readonly<Record<string, z.ZodType>>
type Empty = Record<never, never>
type Headers = Readonly<Record<string, string | number>>
/** What a route refuses beyond what every route does, and why, for the description. */
export type Refusals = Readonly<Partial<Record<ErrorCode, string>>>
/** A JSON answer, whatever its type: strings and numbers too are written as JSON. */
export interface JsonReply<B> {
  readonly status: 200 | 503
  readonly body: B
  readonly headers?: Headers
}
/** Bytes as they are, or (307) an empty body. */
export interface RawReply {
  readonly status: number
  readonly stream: Readable | string | null
  readonly headers: Headers
}
export type Reply<B> = JsonReply<B> | RawReply

export const ok = <B>(body: B): JsonReply<B> => ({ status: 200, body })
export const redirect = (location: string): RawReply => ({ status: 307, stream: null, headers: { location, 'cache-control': 'no-store' } })

/** What a success looks like: JSON by a schema, or something else by its media type. */
export type Response =
  | z.ZodType
  | { readonly redirect: string }
  | { readonly mediaTypes: readonly string[]; readonly description: string }
  | { readonly empty: 200 | 201 | 204; readonly description: string }

interface Spec<R extends Response, P extends Shape, Q extends Shape, B extends z.ZodObject> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'
  readonly path: string
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly response: R
  /** Takes the credential from `?authorization=` too, where a browser cannot set a header. */
  readonly queryCredential?: true
  /** The handler reads the body itself, as bytes. */
  readonly rawBody?: true
  /** For the description, where the handler reads them itself: headers of the request, and the media type of its bytes. */
  readonly headers?: Shape
  readonly consumes?: string
  /** The bytes may be left out. */
  readonly bodyIsOptional?: true
  /** For the description: headers of a success, and what else is refused. */
  readonly answers?: Shape
  readonly refusals?: Refusals
  /** On every answer, refusals too. */
  readonly answerHeaders?: Readonly<Record<string, string>>
  /** Left out of the API description. */
  readonly hidden?: true
}

type BodyOf<R extends Response> = R extends z.ZodType ? z.output<R> : never
type OutputOf<S extends Shape> = z.output<z.ZodObject<S>>

interface Input<P extends Shape, Q extends Shape, B extends z.ZodObject> {
  readonly params: OutputOf<P>
  readonly query: OutputOf<Q>
  readonly body: z.output<B>
  readonly request: FastifyRequest
  /** Aborts when the client goes away; pass it to whatever may take seconds. */
  readonly signal: AbortSignal
}

/** A route as data: what registers it, guards it, documents it and tests it reads the same object. */
export interface Route {
  readonly method: Spec<Response, Shape, Shape, z.ZodObject>['method']
  readonly url: string
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description: string | undefined
  readonly access: AccessRule
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly body: z.ZodObject | null
  readonly response: Response
  readonly queryCredential: boolean
  readonly rawBody: boolean
  readonly headers: Shape
  readonly consumes: string | undefined
  readonly bodyIsOptional: boolean
  readonly answers: Shape
  readonly refusals: Refusals
  readonly answerHeaders: Readonly<Record<string, string>>
  readonly hidden: boolean
  readonly run: (request: FastifyRequest, input: ParsedInput) => Promise<Reply<unknown>>
}

export interface ParsedInput {
  readonly signal: AbortSignal
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

const driveId = z.guid().describe('The drive that the asset is in')

/** A route under one asset. Its handler gets the scope that its action entitles it to, and no asset id from elsewhere. */
export function assetRoute<A extends Action, R extends Response, P extends Shape = Empty, Q extends Shape = Empty, B extends z.ZodObject = z.ZodObject<Empty>>(
  spec: Spec<R, P, Q, B> & {
    readonly action: A
    readonly drive?: 'query' | 'body'
    /** Whether the drive must be named; companions find it by the asset's id. */
    readonly driveRequired?: boolean
    readonly handle: (input: Input<P, Q, B> & { readonly scope: AssetScope<A> }) => Promise<Reply<BodyOf<R>>>
  },
): Route {
  const { drive = 'query', driveRequired: required = true } = spec
  const named = { drive_id: required ? driveId : driveId.optional() }
  return {
    ...common(spec),
    url: `/assets/{asset_id}${spec.path}`,
    access: { kind: 'asset', action: spec.action, drive, required },
    params: z.object({ asset_id: z.guid().describe('The asset'), ...spec.params }),
    query: z.object({ ...(drive === 'query' ? named : {}), ...credential(spec), ...spec.query }),
    body: drive === 'body' ? withDrive(named, spec.body) : (spec.body ?? null),
    run: async (request, input) => {
      const scope = request.granted.asset
      if (!scope) throw new Error(`${spec.operationId} ran without a scope`)
      return spec.handle(Object.assign(typed<P, Q, B>(request, input), { scope: scope as AssetScope<A> })) // the guard granted the action that this very rule names
    },
  }
}

/** A route on one drive: named in the path (`/workspaces/drives/{drive_id}…`), the query or the body. */
export function driveRoute<A extends Action, R extends Response, P extends Shape = Empty, Q extends Shape = Empty, B extends z.ZodObject = z.ZodObject<Empty>>(
  spec: Spec<R, P, Q, B> & {
    readonly action: A
    readonly drive: DriveSource
    readonly handle: (input: Input<P, Q, B> & { readonly scope: DriveScope<A> }) => Promise<Reply<BodyOf<R>>>
  },
): Route {
  const named = { drive_id: z.guid().describe('The drive') }
  return {
    ...common(spec),
    url: spec.drive === 'path' ? `/workspaces/drives/{drive_id}${spec.path}` : spec.path,
    access: { kind: 'drive', action: spec.action, drive: spec.drive },
    params: z.object({ ...(spec.drive === 'path' ? named : {}), ...spec.params }),
    query: z.object({ ...(spec.drive === 'query' ? named : {}), ...credential(spec), ...spec.query }),
    body: spec.drive === 'body' ? withDrive(named, spec.body) : (spec.body ?? null),
    run: async (request, input) => {
      const scope = request.granted.drive
      if (!scope) throw new Error(`${spec.operationId} ran without a scope`)
      return spec.handle(Object.assign(typed<P, Q, B>(request, input), { scope: scope as DriveScope<A> })) // as above
    },
  }
}

/** A route for whoever is known (`caller`), or who runs the installation (`operator`). */
export function callerRoute<R extends Response, P extends Shape = Empty, Q extends Shape = Empty, B extends z.ZodObject = z.ZodObject<Empty>>(
  spec: Spec<R, P, Q, B> & {
    readonly who: 'caller' | 'operator'
    readonly handle: (input: Input<P, Q, B> & { readonly caller: Caller }) => Promise<Reply<BodyOf<R>>>
  },
): Route {
  return {
    ...common(spec),
    url: spec.path,
    access: { kind: spec.who },
    params: z.object({ ...spec.params }),
    query: z.object({ ...spec.query }),
    body: spec.body ?? null,
    run: async (request, input) => {
      const { caller } = request.granted
      if (!caller) throw new Error(`${spec.operationId} ran without a caller`)
      return spec.handle(Object.assign(typed<P, Q, B>(request, input), { caller }))
    },
  }
}

/** A route that asks nobody who they are, and says why it may. */
export function publicRoute<R extends Response, P extends Shape = Empty, Q extends Shape = Empty>(
  spec: Spec<R, P, Q, z.ZodObject<Empty>> & { readonly reason: string; readonly handle: (input: Input<P, Q, z.ZodObject<Empty>>) => Promise<Reply<BodyOf<R>>> },
): Route {
  return {
    ...common(spec),
    url: spec.path,
    access: { kind: 'public', reason: spec.reason },
    params: z.object({ ...spec.params }),
    query: z.object({ ...spec.query }),
    body: null,
    run: async (request, input) => spec.handle(typed<P, Q, z.ZodObject<Empty>>(request, input)),
  }
}

function common<R extends Response, P extends Shape, Q extends Shape, B extends z.ZodObject>(spec: Spec<R, P, Q, B>) {
  const { method, operationId, tag, summary, description, response, queryCredential = false, rawBody = false, headers = {}, consumes, bodyIsOptional = false } = spec
  const { answers = {}, refusals = {}, answerHeaders = {}, hidden = false } = spec
  return { method, operationId, tag, summary, description, response, queryCredential, rawBody, headers, consumes, bodyIsOptional, answers, refusals, answerHeaders, hidden }
}

/** Under the body's own name, in the description. */
function withDrive(named: Shape, body: z.ZodObject | undefined): z.ZodObject {
  const whole = z.object({ ...named, ...body?.shape })
  const id = body?.meta()?.id
  return id === undefined ? whole : whole.meta({ id })
}

const credential = (spec: { readonly queryCredential?: true }): Shape =>
  spec.queryCredential ? { authorization: z.string().max(8192).optional().describe('The same credential as the Authorization header, for where none can be set') } : {}

function typed<P extends Shape, Q extends Shape, B extends z.ZodObject>(request: FastifyRequest, input: ParsedInput): Input<P, Q, B> {
  return {
    // The route's own schemas have made these three; this is the one place that says so to the compiler.
    params: input.params as OutputOf<P>,
    query: input.query as OutputOf<Q>,
    body: input.body as z.output<B>,
    request,
    get signal() {
      return input.signal // made when somebody asks for it
    },
  }
}
