/** Seconds in whole microseconds. */
export const toMicroseconds = (seconds: number) => Math.round(seconds * 1_000_000) / 1_000_000
