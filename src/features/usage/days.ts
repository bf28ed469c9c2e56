/** The day (UTC, YYYY-MM-DD) that lies so many days before this moment. */
export const dayBefore = (at: Date, days: number): string => new Date(at.getTime() - days * 86_400_000).toISOString().slice(0, 10)
