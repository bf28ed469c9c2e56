/** Enough to explain a failure; a damaged film makes thousands of lines. */
const MOST_ERRORS = 100

export interface Heard {
  readonly hear: (line: string) => void
  /** Times of the previews in microseconds, by their number; NaN where a frame had none. */
  readonly times: readonly number[]
  readonly errors: readonly string[]
}

/** Listens to a render: to `showinfo` for the times of the previews, and to what went wrong. */
export function listener(): Heard {
  const times: number[] = []
  const errors: string[] = []
  return {
    times,
    errors,
    hear(line) {
      const shown = /\[Parsed_showinfo_\d+ @ [^\]]*\] \[info\] n:\s*(\d+) pts:\s*(-?\d+|NOPTS)/.exec(line)
      if (shown) times[Number(shown[1])] = Number(shown[2])
      else if (/\[(?:error|fatal|panic)\]/.test(line) && errors.length < MOST_ERRORS) errors.push(line)
    },
  }
}
