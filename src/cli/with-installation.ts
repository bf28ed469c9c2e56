import type { Command } from 'commander'
import { z } from 'zod'
import { type Role, roles, roleValues } from '../access/actions.ts'
import { localScope } from '../access/local-scope.ts'
import type { DriveScope } from '../access/scope.ts'
import { readConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Installation } from '../installation.ts'
import type { Page } from '../model/cursor.ts'

/** Opens what the environment names, does the work, and leaves a database of ours as it was found: running or not. */
export async function withInstallation<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
  const config = readConfig(process.env)
  const { openInstallation } = await import('../installation.ts')
  const installation = await openInstallation(config)
  try {
    return await work(installation)
  } finally {
    await installation.close()
  }
}

/** One answer: JSON for programs, words for people. */
export function answer(command: Command, value: unknown, words: string) {
  const { json } = command.optsWithGlobals<{ json?: boolean }>()
  process.stdout.write(`${json ? JSON.stringify(value) : words}\n`)
}

/** All of a list that is handed out by pages. */
export async function allPages<Item>(read: (page: Page) => Promise<{ readonly items: readonly Item[]; readonly next_cursor: string | null }>): Promise<Item[]> {
  const all: Item[] = []
  let cursor: string | undefined
  do {
    const page = await read({ limit: 200, cursor })
    all.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  return all
}

/** A drive by its id or, where only one has it, its name. */
export async function driveNamed({ store }: Installation, idOrName: string): Promise<DriveScope<'administer'>> {
  const found = await store.drives.named(z.guid().safeParse(idOrName).success ? { id: idOrName.toLowerCase() } : { name: idOrName })
  if (found.length > 1) throw new AppError('conflict', `Several drives are called ${idOrName}: give the id of one of ${found.map((each) => each.id).join(', ')}`)
  const [only] = found
  if (!only) throw new AppError('not_found', `There is no drive ${idOrName}; \`drives list\` shows them`)
  return localScope(only.id)
}

export function roleNamed(text: string): Role {
  const named = Object.entries(roles).find(([name, value]) => name === text.toUpperCase() || String(value) === text)
  if (!named) throw new AppError('malformed', `${text} is no role: ${Object.keys(roles).join(', ')} or ${roleValues.join(', ')}`)
  return named[1]
}
