import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { describeApi } from '../../src/cli/describe-api.ts'
import { routes } from '../support/route-table.ts'

test('openapi.yaml is what the code describes (npm run openapi)', async () => {
  expect(await describeApi()).toBe(await readFile('openapi.yaml', 'utf8'))
})

test('every operation has an id of its own', () => {
  const ids = routes.map((route) => route.operationId)
  expect(new Set(ids).size).toBe(ids.length)
})
