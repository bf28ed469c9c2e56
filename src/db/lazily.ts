/** Builds on first use, and once: a hot statement is prepared on the pool, while the same repository on a transaction that never asks for it builds nothing. */
export function lazily<T extends object>(build: () => T): () => T {
  let built: T | undefined
  return () => (built ??= build())
}
