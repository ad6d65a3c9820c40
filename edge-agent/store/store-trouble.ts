/**
 * Whether the disk, or another program that holds the file, is to blame: the same will go well later. Everything else
 * that goes wrong would go wrong again.
 */
export function isStoreTrouble(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause.name === "SqliteError") return !isConstraint(cause);
  return false;
}

/** A row that the schema does not take is no fault of the disk. */
function isConstraint(error: Error): boolean {
  return "code" in error && String(error.code).startsWith("SQLITE_CONSTRAINT");
}
