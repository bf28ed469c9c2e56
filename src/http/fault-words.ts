import type { z } from 'zod'

type RawIssue = z.core.$ZodRawIssue

const unit = (issue: RawIssue & { readonly code: 'too_big' | 'too_small' }) =>
  issue.origin === 'string' ? 'characters' : issue.origin === 'array' ? 'items' : undefined

/** What would be right, in words for whoever sent the request; undefined = zod's own. */
export function faultWords(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${article(issue.expected)}`
    case 'invalid_format':
      return formats[issue.format]
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : `must be ${issue.values.map(String).join(', ').replace(/, ([^,]*)$/, ' or $1')}`
    case 'too_small':
      return bound(issue, 'least', issue.minimum)
    case 'too_big':
      return bound(issue, 'most', issue.maximum)
    default:
      return undefined
  }
}

function bound(issue: RawIssue & { readonly code: 'too_big' | 'too_small' }, which: 'least' | 'most', limit: number | bigint) {
  const counted = unit(issue)
  return counted ? `must have at ${which} ${limit} ${counted}` : `must be at ${which} ${limit}`
}

const article = (type: string) => (type === 'object' ? 'a JSON object' : type === 'int' ? 'a whole number' : /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`)

const formats: Readonly<Record<string, string>> = {
  guid: 'must be a UUID',
  uuid: 'must be a UUID',
  email: 'must be an e-mail address',
  url: 'must be an http or https URL',
  datetime: 'must be a time with its offset, such as 2026-11-24T12:00:00Z',
}
