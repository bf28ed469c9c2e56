import { expect, test } from 'vitest'
import { createSigner } from '../../src/access/secrets.ts'
import { createLinkService } from '../../src/features/links/links.service.ts'
import { createLinkSigner } from '../../src/features/links/links.signer.ts'
import type { ObjectStorage } from '../../src/ports/object-storage.ts'

const signer = createSigner(['a secret of this test, 32 bytes long'], 'links')
const clock = { now: () => new Date('2026-11-25T12:34:00Z') }
const links = createLinkSigner({ signer, clock, publicUrl: '' })
/** Only whether a link is good is asked here; where it leads is the business of test/api/links.test.ts. */
const storage = { localPath: () => undefined, signGet: async () => 'on' } as unknown as ObjectStorage // of the port, the two that `follow` asks
const service = createLinkService({ signer, clock, storage })

const asset = 'drives/d/assets/a'
const follow = (url: string, change: (key: string) => string = (key) => key, more: Record<string, string> = {}) => {
  const { pathname, searchParams } = new URL(url, 'http://x')
  return service.follow({ key: change(pathname.slice('/objects/'.length)), claims: { ...Object.fromEntries(searchParams), ...more } })
}

test('one signature is good for the previews of one asset, and for nothing else', async () => {
  const url = links.picture(`${asset}/previews/1.jpg`)
  await expect(follow(url)).resolves.toMatchObject({ kind: 'redirect' })
  await expect(follow(url, (key) => key.replace('1.jpg', '2.jpg'))).resolves.toMatchObject({ kind: 'redirect' })
  expect(new URL(links.picture(`${asset}/previews/2.jpg`), 'http://x').search).toBe(new URL(url, 'http://x').search)
  for (const other of [`${asset}/source`, `${asset}/poster/1.jpg`, `${asset}/previews/deeper/1.jpg`, 'drives/d/assets/b/previews/1.jpg', `${asset}/previews`]) await expect(follow(url, () => other)).rejects.toThrow('not valid')
})

test('it may not be saved under a name, nor shown as something else', async () => {
  const url = links.picture(`${asset}/previews/1.jpg`)
  await expect(follow(url, undefined, { d: 'attachment' })).rejects.toThrow('not valid')
  await expect(follow(url, undefined, { t: 'text/html' })).rejects.toThrow('not valid')
})

test('a poster or thumbnail has a signature of its own', async () => {
  const url = links.picture(`${asset}/poster/1.jpg`)
  await expect(follow(url)).resolves.toMatchObject({ kind: 'redirect' })
  await expect(follow(url, (key) => key.replace('1.jpg', '2.jpg'))).rejects.toThrow('not valid')
})
