import { createPublicKey } from 'node:crypto'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'

const text = (description: string) => z.string().trim().min(1).describe(description)
const whole = (min: number, max: number, description: string) =>
  z
    .string()
    .regex(/^\d{1,12}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)
    .describe(description)
const byteCount = (max: number, description: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number of bytes from 1 to ${max}`)
    .transform(Number)
    .refine((value) => value >= 1 && value <= max, `must be a whole number of bytes from 1 to ${max}`)
    .describe(description)
const share = (description: string) =>
  z
    .string()
    .regex(/^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .describe(description)
const flag = (description: string) =>
  z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], error: 'must be true or false' }).describe(description)
const commaList = (isRight: (each: string) => boolean, error: string, description: string) =>
  z
    .string()
    .transform((value) => value.split(',').map((each) => each.trim()).filter(Boolean))
    .refine((all) => all.every(isRight), error)
    .describe(description)
const program = (description: string) => text(description).refine(isExecutable, 'must be the path of a program that can be run')
const httpUrl = (description: string) =>
  z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .transform((value) => value.replace(/\/+$/, ''))
    .describe(description)
const postgresUrl = (description: string) =>
  z.url({ protocol: /^postgres(ql)?$/, error: 'must look like postgres://user:password@host:5432/database' }).describe(description)

const isOrigin = (each: string) => each === '*' || /^https?:\/\/[^/\s]+$/.test(each)
function isNetwork(each: string): boolean {
  const [address = '', bits, ...rest] = each.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return most > 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const isFolderOrFree = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true

/** The key itself, whether it was given or the path of a file that holds it. */
function readPublicKey(value: string, context: z.RefinementCtx<string>): string {
  try {
    const pem = value.includes('-----BEGIN') ? value.replaceAll('\\n', '\n') : readFileSync(value, 'utf8')
    if (['rsa', 'ec'].includes(createPublicKey(pem).asymmetricKeyType ?? '')) return pem
  } catch {
    // said below
  }
  context.addIssue({ code: 'custom', message: 'must be an RSA or EC public key in PEM, or the path of one that can be read' })
  return z.NEVER
}

/** Every setting, in the order of the README's table, which is made from it. */
const settings = {
  HOST: text('Address to listen on').default('127.0.0.1'),
  PORT: whole(1, 65_535, 'Port to listen on').default(3000),
  PUBLIC_URL: httpUrl('What links are built on, never a request’s Host; default `http://HOST:PORT`').optional(),
  ROLE: z.enum(['api', 'worker', 'all'], { error: 'must be api, worker or all' }).describe('What this process does: `api`, `worker`, or `all`').default('all'),
  DAILIES_HOME: text('Folder of the embedded Postgres and object store').refine(isFolderOrFree, 'must be a folder, or not be there yet').default('.dailies'),
  DEMO: flag('Make the demo drive; default true where Postgres and the object store are embedded').optional(),
  DATABASE_URL: postgresUrl('Postgres 15 or later; absent = embedded Postgres').optional(),
  DATABASE_DIRECT_URL: postgresUrl('The same database past a transaction pooler, for migrations, jobs and LISTEN').optional(),
  DATABASE_POOL: whole(1, 200, 'Connections of one process for requests').default(10),
  PG_PREPARED: z.enum(['on', 'off'], { error: 'must be on or off' }).describe('`off` behind pgbouncer in transaction mode').default('on'),
  S3_BUCKET: text('Bucket for objects; absent = embedded store on disk')
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be 3 to 63 lower-case letters, digits, dots and hyphens')
    .optional(),
  S3_ENDPOINT: httpUrl('Address of an S3 server other than AWS').optional(),
  S3_PUBLIC_ENDPOINT: httpUrl('The same server as browsers reach it, for links').optional(),
  S3_REGION: text('Region of the bucket').default('us-east-1'),
  S3_ACCESS_KEY_ID: text('Access key; absent = the SDK’s own search (instance role, profile)').optional(),
  S3_SECRET_ACCESS_KEY: text('Secret of the access key').optional(),
  S3_FORCE_PATH_STYLE: flag('Bucket in the path rather than in the host name; default true with an endpoint').optional(),
  SERVER_SECRET: z
    .string()
    .transform((value) => value.split(','))
    .refine((all) => all.every((each) => Buffer.byteLength(each) >= 32), 'must have at least 32 bytes (openssl rand -base64 48); a comma list rotates, the first signs')
    .describe('Signs links and cursors; ≥ 32 bytes, a comma list rotates; embedded: made once and kept in DAILIES_HOME')
    .optional(),
  JWT_SECRET: z
    .string()
    .refine((value) => Buffer.byteLength(value) >= 32, 'must have at least 32 bytes')
    .describe('Verifies access tokens signed with HS256')
    .optional(),
  JWT_PUBLIC_KEY: z.string().trim().transform(readPublicKey).describe('PEM (or its path) that verifies access tokens signed with RS256 or ES256').optional(),
  JWT_ISSUER: text('Required `iss` of access tokens').optional(),
  JWT_AUDIENCE: text('Required `aud` of access tokens').optional(),
  CORS_ORIGINS: commaList(isOrigin, 'must be * or origins such as https://app.example.com, separated by commas', 'Origins that browsers may call from; `*` = any').default(['*']),
  TRUSTED_PROXIES: commaList(isNetwork, 'must be addresses or networks such as 10.0.0.0/8, separated by commas', 'Addresses or networks whose X-Forwarded-For counts').default([]),
  UPLOAD_MAX_BYTES: byteCount(5 * 2 ** 40, 'The largest upload, in bytes; S3 holds objects of 5 TiB').default(5 * 2 ** 40),
  ATTACHMENT_MAX_BYTES: byteCount(5 * 2 ** 30, 'The largest attachment, in bytes; S3 takes 5 GiB at once').default(2 ** 30),
  FACE_FINDER_URL: httpUrl('Service that finds faces in previews; absent = nobody looks').refine((value) => new URL(value).username === '', 'must not hold a user or password').optional(),
  FACE_MATCH_SIMILARITY: share('From which similarity of two faces on (cosine, 0 to 1) they are one person’s').default(0.5),
  FFMPEG_PATH: program('ffmpeg to use; absent = the system’s, else the bundled one').optional(),
  FFPROBE_PATH: program('ffprobe to use').optional(),
  FFMPEG_SLOTS: whole(1, 64, 'ffmpeg processes at once, for films and sound; still pictures have as many of their own, at most 2').default(2),
  JOB_CONCURRENCY: whole(1, 64, 'Jobs at once in one worker').default(Math.max(1, Math.min(4, availableParallelism()))),
  TEMP_DIR: text('Folder for temporary files').default(join(tmpdir(), `dailies-${process.getuid?.() ?? 0}`)),
  SHUTDOWN_GRACE_SECONDS: whole(0, 3600, 'Time for requests under way after SIGTERM').default(30),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], { error: 'must be fatal, error, warn, info, debug or silent' }).describe('`fatal`, `error`, `warn`, `info` (a line per answer), `debug` or `silent`').default('warn'),
}

type Given = z.output<z.ZodObject<typeof settings>>

interface Rule {
  /** The setting to be mended. */
  readonly setting: keyof typeof settings
  readonly isBroken: (given: Given) => boolean
  readonly message: string
}

const verifiesTokens = (given: Given) => Boolean(given.JWT_SECRET ?? given.JWT_PUBLIC_KEY)

/** What holds between settings. */
const rules: readonly Rule[] = [
  {
    setting: 'SERVER_SECRET',
    isBroken: (given) => given.DATABASE_URL !== undefined && given.SERVER_SECRET === undefined,
    message: 'is required with DATABASE_URL: every instance must sign alike (openssl rand -base64 48)',
  },
  {
    setting: 'DATABASE_DIRECT_URL',
    isBroken: (given) => given.DATABASE_DIRECT_URL !== undefined && given.DATABASE_URL === undefined,
    message: 'needs DATABASE_URL beside it',
  },
  {
    setting: 'JWT_ISSUER',
    isBroken: (given) => verifiesTokens(given) && given.JWT_ISSUER === undefined,
    message: 'is required where access tokens are verified',
  },
  {
    setting: 'JWT_AUDIENCE',
    isBroken: (given) => verifiesTokens(given) && given.JWT_AUDIENCE === undefined,
    message: 'is required where access tokens are verified',
  },
  {
    setting: 'JWT_SECRET',
    isBroken: (given) => given.JWT_SECRET !== undefined && given.JWT_PUBLIC_KEY !== undefined,
    message: 'excludes JWT_PUBLIC_KEY: one kind of token, one algorithm',
  },
  {
    setting: 'JWT_SECRET',
    isBroken: (given) => given.JWT_SECRET !== undefined && given.SERVER_SECRET !== undefined && given.SERVER_SECRET.includes(given.JWT_SECRET),
    message: 'must differ from SERVER_SECRET: neither kind of token may pass for the other',
  },
  {
    setting: 'S3_SECRET_ACCESS_KEY',
    isBroken: (given) => given.S3_ACCESS_KEY_ID !== undefined && given.S3_SECRET_ACCESS_KEY === undefined,
    message: 'is missing: give both or neither',
  },
  {
    setting: 'S3_ACCESS_KEY_ID',
    isBroken: (given) => given.S3_ACCESS_KEY_ID === undefined && given.S3_SECRET_ACCESS_KEY !== undefined,
    message: 'is missing: give both or neither',
  },
  ...(['S3_ENDPOINT', 'S3_PUBLIC_ENDPOINT', 'S3_ACCESS_KEY_ID'] as const).map((name) => ({
    setting: 'S3_BUCKET' as const,
    isBroken: (given: Given) => given[name] !== undefined && given.S3_BUCKET === undefined,
    message: `is required with ${name}`,
  })),
]

export type Config = Readonly<Given>

/** All faults of the environment, one a line, each with what would be right. */
export class ConfigError extends Error {}

/**
 * Read once, by `main` and the CLI; everything else is handed the values that it needs. An empty variable counts as absent.
 * Every fault is said at once: a wrong setting still counts as given for the rules between settings, so that nobody mends them one start at a time.
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const faults = new Map<string, string>()
  const values = Object.entries(settings).map(([name, schema]) => {
    const raw = environment[name] === '' ? undefined : environment[name]
    const result = schema.safeParse(raw)
    if (!result.success) faults.set(name, result.error.issues[0]?.message ?? 'is wrong')
    return [name, result.success ? result.data : raw] as const
  })
  const given = Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Given // each by its own schema; where one failed, what follows throws
  for (const { setting, isBroken, message } of rules) if (!faults.has(setting) && isBroken(given)) faults.set(setting, message)
  if (faults.size > 0) throw new ConfigError(`The environment does not fit:\n${[...faults].map(([name, message]) => `  ${name} ${message}`).join('\n')}`)
  return Object.freeze(given)
}

/** Name, default and meaning of each setting, for the README's table and `.env.example`. */
export const describeSettings = (): readonly { readonly name: string; readonly fallback: string; readonly about: string }[] =>
  Object.entries(settings).map(([name, schema]) => {
    const computed = name === 'JOB_CONCURRENCY' ? 'number of cores, at most 4' : name === 'TEMP_DIR' ? '`dailies-` and the user’s number in the system’s temporary folder' : undefined
    const parsed: unknown = schema.safeParse(undefined).data
    const fallback = Array.isArray(parsed) ? parsed.join(',') : parsed
    return { name, fallback: computed ?? (fallback === undefined || fallback === '' ? '' : `\`${String(fallback)}\``), about: descriptionOf(schema) }
  })

function descriptionOf(schema: z.ZodType): string {
  const inner: unknown = 'unwrap' in schema && typeof schema.unwrap === 'function' ? schema.unwrap() : undefined
  return schema.description ?? (inner instanceof z.ZodType ? descriptionOf(inner) : '')
}
