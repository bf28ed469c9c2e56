import fc from 'fast-check'
import { expect, test } from 'vitest'
import { extensionOf, fullPath, numberedName, parseAssetPath, parseKnownPath, versionedName } from '../../src/model/asset-path.ts'

const drive = '0190f5f2-0000-7000-8000-000000000000'

test('a path read from its full form is the same again', () => {
  const segment = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => !/[/\\\p{Cc}]/u.test(text) && text !== '.' && text !== '..')
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
      const path = parseAssetPath(segments.join('/'), drive)
      expect(parseAssetPath(fullPath(drive, path), drive)).toEqual(path)
      expect(path.directory).toMatch(/^\/([^/]+\/)*$/)
      expect(path.name).toBe(segments.at(-1)?.normalize('NFC'))
    }),
  )
})

test.each([
  ['film.MOV', 'mov'],
  ['a.tar.gz', 'gz'],
  ['.hidden', ''],
  ['name.', ''],
  ['none', ''],
])('the extension of %s is %j', (name, expected) => expect(extensionOf(name)).toBe(expected))

test('a second version and a renamed one keep the extension', () => {
  expect(versionedName('spot.mov', 2)).toBe('spot_v2.mov')
  expect(versionedName('README', 3)).toBe('README_v3')
  expect(numberedName('spot.mov', 2)).toBe('spot (2).mov')
})

test('a name that was numbered because it was taken is found, though nobody may choose one so long', () => {
  const longest = `${'x'.repeat(1000 - 4)}.mov`
  expect(parseAssetPath(longest, drive).name).toBe(longest)
  for (const made of [numberedName(longest, 9999), versionedName(longest, 9999)]) {
    expect(parseKnownPath(made, drive).name).toBe(made)
    expect(() => parseAssetPath(made, drive)).toThrow('A name may have 1000 bytes')
  }
})
