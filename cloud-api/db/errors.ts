/**
 * What PostgreSQL says is wrong, without the row it was about: its messages are told, their details and the
 * statement's parameters are not, for they hold plates.
 */
export type DatabaseError = { readonly sqlState: string | null; readonly message: string };

/** Looks through the wrappers of the driver and the query builder. */
export function readDatabaseError(error: unknown): DatabaseError | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string" && /^[0-9A-Z]{5}$/.test(cause.code)) {
      return { sqlState: cause.code, message: cause.message };
    }
    if (isLostConnection(cause)) return { sqlState: null, message: cause.message };
  }
  return null;
}

/**
 * The data is at fault and would be again tomorrow: a value that does not fit (class 22), a constraint (23), or a
 * row twice in one statement (21). Everything else (a lost connection, a deadlock, a full disk) says nothing
 * about the data.
 */
export function isDataError(error: unknown): error is Error {
  return ["21", "22", "23"].includes(readDatabaseError(error)?.sqlState?.slice(0, 2) ?? "");
}

/** The server is away, starting, stopping, full or overloaded: the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  const known = readDatabaseError(error);
  if (known === null) return false;
  return known.sqlState === null || ["08", "40", "53", "57"].includes(known.sqlState.slice(0, 2));
}

const LOST = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EHOSTUNREACH"];
const LOST_MESSAGE =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered)/;

function isLostConnection(error: Error): boolean {
  return ("code" in error && LOST.includes(String(error.code))) || LOST_MESSAGE.test(error.message);
}
