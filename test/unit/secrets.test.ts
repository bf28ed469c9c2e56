import { expect, test } from 'vitest'
import { createSigner } from '../../src/access/secrets.ts'

const [old, fresh] = ['the old secret, long enough for that', 'the new secret, long enough for that']

test('what the old secret signed still counts while it is in the list', () => {
  const signature = createSigner([old], 'links').sign('text')
  expect(createSigner([fresh, old], 'links').verify('text', signature)).toBe(true)
  expect(createSigner([fresh], 'links').verify('text', signature)).toBe(false)
})

test('a signature for one purpose is none for another', () => {
  expect(createSigner([old], 'cursors').verify('text', createSigner([old], 'links').sign('text'))).toBe(false)
})

test('a signature has one form: other ways to write its bytes are refused', () => {
  const signer = createSigner([old], 'links')
  const signature = signer.sign('text')
  for (const other of [`${signature}==`, `${signature}A`, signature.slice(0, -1), `${signature}\n`, '', signature.toUpperCase()]) expect(signer.verify('text', other)).toBe(other === signature)
})
