import { z } from 'zod'

/** Booleans in a query: `true`, `false`, `1`, `0`, and nothing else. */
export const queryBoolean = (fallback: boolean, description: string) =>
  z
    .stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], case: 'sensitive', error: 'must be true, false, 1 or 0' })
    .default(fallback)
    // The description tells what is meant, not that it comes as text.
    .meta({ type: 'boolean', 'x-default': fallback, description })
