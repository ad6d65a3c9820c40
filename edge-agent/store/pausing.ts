/** Does something that holds the database, then leaves it alone for about as long: lanes write in between. */
export async function pausing<T>(work: () => T): Promise<T> {
  const startedMs = performance.now();
  const done = work();
  const tookMs = performance.now() - startedMs;
  await new Promise((resolve) => {
    setTimeout(resolve, Math.ceil(tookMs) + 1);
  });
  return done;
}
