/** Enough to explain a failure; a damaged film makes thousands of lines. */
const MOST_ERRORS = 100

/** The names that `showinfo` has in the graph. */
export type Shown = 'previews' | 'storyboard'

export interface Heard {
  readonly hear: (line: string) => void
  /** Times in microseconds, by the number of the picture; NaN where a frame had none. */
  readonly times: Readonly<Record<Shown, readonly number[]>>
  readonly errors: readonly string[]
}

/** Listens to a render: to `showinfo` for the times of pictures, and to what went wrong. */
export function listener(): Heard {
  const times: Record<Shown, number[]> = { previews: [], storyboard: [] }
  const errors: string[] = []
  return {
    times,
    errors,
    hear(line) {
      const shown = /\[showinfo@(previews|storyboard) @ [^\]]*\] \[info\] n:\s*(\d+) pts:\s*(-?\d+|NOPTS)/.exec(line)
      if (shown) times[shown[1] === 'previews' ? 'previews' : 'storyboard'][Number(shown[2])] = Number(shown[3])
      else if (/\[(?:error|fatal|panic)\]/.test(line) && errors.length < MOST_ERRORS) errors.push(line)
    },
  }
}
