import type pg from "pg";

/** Is told of each query: what it was, and how long it took until its answer, in milliseconds. */
export type QueryWatch = (statement: string, ms: number) => void;

/** Has a connection tell of its queries. What is written straight into its protocol (db/copy.ts) is not told. */
export function watchQueries(client: pg.Client, watch: QueryWatch): void {
  const query: unknown = Reflect.get(client, "query");
  if (typeof query !== "function") throw new Error("no client of the driver");
  const watched = (args: unknown[]): unknown => {
    const statement = statementOf(args[0]);
    if (statement === null) return query.apply(client, args);
    const startedMs = performance.now();
    const tell = () => watch(statement, performance.now() - startedMs);
    const last: unknown = args.at(-1);
    if (typeof last === "function") {
      const answered = (...answer: unknown[]): unknown => {
        tell();
        return last(...answer);
      };
      return query.apply(client, [...args.slice(0, -1), answered]);
    }
    const answer: unknown = query.apply(client, args);
    if (answer instanceof Promise) answer.then(tell, tell);
    return answer;
  };
  Object.defineProperty(client, "query", {
    value: (...args: unknown[]) => watched(args),
    configurable: true,
  });
}

function statementOf(what: unknown): string | null {
  if (typeof what === "string") return what;
  if (typeof what !== "object" || what === null || "submit" in what) return null;
  return "text" in what && typeof what.text === "string" ? what.text : null;
}
