import { afterEach, beforeEach, expect } from 'vitest'
import { createS3, type S3Settings, type S3Storage } from '../../src/adapters/s3/s3.ts'
import { AppError } from '../../src/errors.ts'
import { type Interceptor, type S3Double, type S3DoubleOptions, startS3Double } from './s3-double.ts'

export interface S3Rig {
  readonly double: () => S3Double
  readonly connect: (more?: Partial<S3Settings>) => S3Storage
  readonly intercept: (interceptor: Interceptor) => void
  /** Requests that the double has seen, by method. */
  readonly sent: (method: string) => readonly string[]
  readonly restart: (options: S3DoubleOptions) => Promise<void>
}

/** A double for each test, and stores on it that try everything once. */
export function s3Rig(): S3Rig {
  let running: S3Double | undefined
  const stores: S3Storage[] = []
  const double = () => running ?? expect.unreachable('The double runs within tests')

  beforeEach(async () => {
    running = await startS3Double()
  })
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await double().close()
  })

  return {
    double,
    connect(more = {}) {
      const store = createS3({ ...double(), forcePathStyle: true, maxAttempts: 1, ...more })
      stores.push(store)
      return store
    },
    intercept: (interceptor) => double().intercept(interceptor),
    sent: (method) => double().requests.filter((request) => request.startsWith(`${method} `)),
    async restart(options) {
      await double().close()
      running = await startS3Double(options)
    },
  }
}

/** The AppError that it ends in. */
export async function faultOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(() => 'nothing was refused', (thrown: unknown) => thrown)
  if (error instanceof AppError) return error
  throw new Error('It did not end in an AppError', { cause: error })
}

export const contentType = 'application/octet-stream'
export const mebibyte = 1024 * 1024
export const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))
export const put = (store: S3Storage, key: string, content: Buffer | string) => store.put(key, Buffer.from(content), { contentType })
