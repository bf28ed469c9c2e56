const trashDays = 30

/** When what is put into the trash then leaves it for good. */
export const purgeAfter = (deleted: Date) => new Date(deleted.getTime() + trashDays * 86_400_000)
