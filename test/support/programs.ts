import { spawnSync } from 'node:child_process'

/** Whether this machine has a program; tests that look at us through it are skipped where it has not. */
export const hasProgram = (name: string): boolean => spawnSync(name, ['--version']).status === 0
