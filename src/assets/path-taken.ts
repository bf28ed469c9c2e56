/** Another asset has the path. Thrown inside a transaction to leave it: Postgres takes no more statements after a refused one. */
export class PathTaken extends Error {}
