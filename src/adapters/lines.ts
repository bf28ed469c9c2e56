/** Longer lines are cut: a damaged file can make a tool print megabytes without a line break. */
const LONGEST_LINE = 4096

/** A sink for chunks of text that calls back once for each whole line; `end` gives the last one, which has no line break. */
export function lineReader(onLine: (line: string) => void) {
  let rest = ''
  return {
    push(chunk: string) {
      const lines = (rest + chunk).split(/\r\n|\r|\n/)
      rest = (lines.pop() ?? '').slice(0, LONGEST_LINE)
      for (const line of lines) onLine(line.slice(0, LONGEST_LINE))
    },
    end() {
      if (rest) onLine(rest)
      rest = ''
    },
  }
}
