/** Enough to explain a failure; a damaged film makes thousands of lines. */
const MOST_ERRORS = 100

/**
 * A line in which the tool says that something failed. That holds at `-loglevel level+error` alone: from `info` on it prints the tags of the source,
 * which may look like this and break lines.
 */
export const isErrorLine = (line: string): boolean => /^(?:\[[^\]]* @ [^\]]*\] )*\[(?:error|fatal|panic)\]/.test(line)

export interface Heard {
  readonly hear: (line: string) => void
  readonly errors: readonly string[]
}

/** Listens to a render for what goes wrong. */
export function listener(): Heard {
  const errors: string[] = []
  return {
    errors,
    hear(line) {
      if (errors.length < MOST_ERRORS && isErrorLine(line)) errors.push(line)
    },
  }
}
