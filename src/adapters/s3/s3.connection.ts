import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { s3Fault, timedOut } from './s3.errors.ts'
import { usualPartBytes } from './s3.parts.ts'

export type Sdk = typeof import('@aws-sdk/client-s3')

export interface S3Settings {
  readonly bucket: string
  readonly region: string
  /** Absent = AWS. */
  readonly endpoint?: string | undefined
  /** The same server as browsers reach it: links are signed for it. Absent = `endpoint`. */
  readonly publicEndpoint?: string | undefined
  /** Absent = the SDK's own search: profile, web identity, instance role. */
  readonly accessKeyId?: string | undefined
  readonly secretAccessKey?: string | undefined
  /** The bucket in the path rather than in the host's name. */
  readonly forcePathStyle: boolean
  readonly connectTimeoutMs?: number
  /** Without a byte for so long a request has failed; waiting for a slow reader does not count. */
  readonly idleTimeoutMs?: number
  /** For what the store does by itself: joining parts, and copying. */
  readonly workTimeoutMs?: number
  readonly maxAttempts?: number
  /** Objects above this are copied in parts; S3 takes 5 GiB at once. */
  readonly copyAtOnceBytes?: number
  /** Size of the parts of resumable uploads, unless the object needs larger ones. Uploads under way rest on it: it stays as it is as long as there are any. */
  readonly resumablePartBytes?: number
}

const defaults = { connectTimeoutMs: 5_000, idleTimeoutMs: 10_000, workTimeoutMs: 300_000, maxAttempts: 3, copyAtOnceBytes: 1024 ** 3, resumablePartBytes: usualPartBytes }
/** A stream whose reader is slow keeps its connection, and must not keep others from theirs. */
const maxSockets = 512

/** `ask`: small or steady. `read`: the answer's body is read at the reader's pace. `work`: the store takes its time before it answers. */
export type Pace = 'ask' | 'read' | 'work'

export interface Call {
  readonly sdk: Sdk
  readonly client: S3Client
  readonly options: { readonly abortSignal: AbortSignal; readonly requestTimeout?: number }
}

interface Clients {
  readonly sdk: Sdk
  readonly steady: S3Client
  readonly patient: S3Client
  readonly signing: S3Client
}

/** The clients of one bucket. The SDK takes a third of a second to load: that waits for the first use. */
export class S3Connection {
  readonly settings: S3Settings & typeof defaults
  #clients: Promise<Clients> | undefined

  constructor(settings: S3Settings) {
    this.settings = { ...defaults, ...settings }
  }

  get bucket(): string {
    return this.settings.bucket
  }

  /** Errors come as AppErrors, an abort as the signal's reason. */
  async call<T>(pace: Pace, run: (call: Call) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const ending = new AbortController()
    const abort = () => ending.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    // Such an answer may begin at once and then come by a blank now and then: only its whole time can be limited.
    const timer = pace === 'work' ? setTimeout(() => ending.abort(timedOut()), this.settings.workTimeoutMs) : undefined
    try {
      const { sdk, steady, patient } = await this.#connect()
      const options = { abortSignal: ending.signal, ...(pace === 'read' && { requestTimeout: this.settings.idleTimeoutMs }) }
      return await run({ sdk, client: pace === 'ask' ? steady : patient, options })
    } catch (error) {
      signal?.throwIfAborted()
      throw s3Fault(ending.signal.aborted ? ending.signal.reason : error)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  async signingClient(): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
    const { sdk, signing } = await this.#connect()
    return { sdk, client: signing }
  }

  async close(): Promise<void> {
    const clients = await this.#clients
    for (const client of clients ? [clients.steady, clients.patient, clients.signing] : []) client.destroy()
  }

  #connect(): Promise<Clients> {
    this.#clients ??= import('@aws-sdk/client-s3').then((sdk) => {
      const { endpoint, publicEndpoint = endpoint, connectTimeoutMs: connectionTimeout, idleTimeoutMs: socketTimeout } = this.settings
      const common = { connectionTimeout, throwOnRequestTimeout: true, httpAgent: { maxSockets }, httpsAgent: { maxSockets } }
      const steady = new sdk.S3Client({ ...this.#configuration(endpoint), requestHandler: { ...common, socketTimeout } })
      const { credentials } = steady.config
      return {
        sdk,
        steady,
        // A socket that waits for its reader is idle too: there the body watches the time itself.
        patient: new sdk.S3Client({ ...this.#configuration(endpoint), credentials, requestHandler: { ...common, socketTimeout: 0 } }),
        signing: new sdk.S3Client({ ...this.#configuration(publicEndpoint), credentials }),
      }
    })
    return this.#clients
  }

  #configuration(endpoint: string | undefined): S3ClientConfig {
    const { region, forcePathStyle, accessKeyId, secretAccessKey, maxAttempts } = this.settings
    return {
      region,
      forcePathStyle,
      maxAttempts,
      ...(endpoint !== undefined && { endpoint }),
      ...(accessKeyId !== undefined && secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
      // Many servers know no checksum trailers, and a signed link must not carry the checksum of an empty body.
      // The bytes of each request are covered by its signature anyway.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      expectContinueHeader: false, // it costs a round trip and a new connection for every part
    }
  }
}
