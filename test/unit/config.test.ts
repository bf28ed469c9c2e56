import { expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/config.ts'

const faultsOf = (environment: NodeJS.ProcessEnv): string[] => {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').slice(1).map((line) => line.trim())
  }
}

test('starts with nothing set, and takes an empty variable for none', () => {
  expect(readConfig({})).toMatchObject({ PORT: 3000, HOST: '127.0.0.1', ROLE: 'all', CORS_ORIGINS: ['*'] })
  expect(readConfig({ PORT: '', DATABASE_URL: '' })).toMatchObject({ PORT: 3000 })
})

test('says every fault at once, with what would be right, those between settings too', () => {
  const faults = faultsOf({ PORT: '0x10', ROLE: 'boss', S3_ENDPOINT: 'garage:3900', DATABASE_URL: 'mysql://x', S3_ACCESS_KEY_ID: 'a', JWT_SECRET: 'short', LOG_LEVEL: 'loud' })
  const names = ['PORT', 'ROLE', 'S3_ENDPOINT', 'DATABASE_URL', 'S3_SECRET_ACCESS_KEY', 'S3_BUCKET', 'JWT_SECRET', 'LOG_LEVEL']
  for (const name of names) expect([name, faults.some((fault) => fault.startsWith(`${name} `))]).toEqual([name, true])
  expect(faults.find((fault) => fault.startsWith('PORT '))).toBe('PORT must be a whole number from 1 to 65535')
})

test('a wrong setting still counts as given for the rules between settings', () => {
  const faults = faultsOf({ JWT_SECRET: 'short', S3_ENDPOINT: 'nonsense', CORS_ORIGINS: 'foo', TRUSTED_PROXIES: 'abc', FFMPEG_PATH: '/nope', JWT_PUBLIC_KEY: '/nope', DAILIES_HOME: 'package.json' })
  const names = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_ISSUER', 'JWT_AUDIENCE', 'S3_ENDPOINT', 'S3_BUCKET', 'CORS_ORIGINS', 'TRUSTED_PROXIES', 'FFMPEG_PATH', 'DAILIES_HOME']
  expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(names.sort())
})

test('networks and origins are taken as they are written', () => {
  expect(readConfig({ TRUSTED_PROXIES: '10.0.0.0/8, ::1,fd00::/8', CORS_ORIGINS: 'https://a.example,http://localhost:5173' })).toMatchObject({ TRUSTED_PROXIES: ['10.0.0.0/8', '::1', 'fd00::/8'] })
  for (const wrong of ['10.0.0.0/33', '10.0.0', '10.0.0.1/8/8', 'x/8']) expect(faultsOf({ TRUSTED_PROXIES: wrong })).toHaveLength(1)
})

test.each([
  ['a database of one’s own needs the secret that all instances share', { DATABASE_URL: 'postgres://u:p@h/d' }, /^SERVER_SECRET is required/],
  ['a short secret', { SERVER_SECRET: 'short' }, /^SERVER_SECRET must have at least 32 bytes/],
  ['the second of a list that is short', { SERVER_SECRET: `${'a'.repeat(32)},short` }, /^SERVER_SECRET must have/],
  ['tokens without an issuer', { JWT_SECRET: 'a'.repeat(32), JWT_AUDIENCE: 'x' }, /^JWT_ISSUER is required/],
  ['one secret for both', { JWT_SECRET: 'a'.repeat(32), SERVER_SECRET: 'a'.repeat(32), JWT_ISSUER: 'x', JWT_AUDIENCE: 'x' }, /^JWT_SECRET must differ/],
  ['half a pair of S3 keys', { S3_BUCKET: 'bucket', S3_SECRET_ACCESS_KEY: 'x' }, /^S3_ACCESS_KEY_ID is missing/],
  ['a boolean that is none', { DEMO: 'yes' }, /^DEMO must be true or false/],
])('refuses %s', (_name, environment, expected) => {
  expect(faultsOf(environment)).toEqual([expect.stringMatching(expected)])
})
