/** What ffprobe writes where a file does not say. */
const UNTOLD = ['unknown', 'unspecified', 'reserved', 'N/A', '']

export const told = (written: string | undefined): string | null => (written === undefined || UNTOLD.includes(written) ? null : written)
