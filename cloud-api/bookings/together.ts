/** Does one thing; those that come while another is done are done together. */
export type Together<T, R> = (item: T) => Promise<R>;

type Waiting<T, R> = {
  readonly item: T;
  readonly done: (result: R) => void;
  readonly fail: (error: unknown) => void;
};

/**
 * Does at once what comes first, and everything that comes while that is under way in one go, as a database commits: the
 * more there is to do, the less each costs, and nobody waits who need not. One go at a time.
 *
 * @param doAll answers for each item, in their order; what it throws, all of the go are told.
 * @param most of one go.
 */
export function together<T, R>(
  doAll: (items: readonly T[]) => Promise<readonly R[]>,
  most: number,
): Together<T, R> {
  const waiting: Waiting<T, R>[] = [];
  let isUnderWay = false;

  async function go(): Promise<void> {
    const these = waiting.splice(0, most);
    try {
      const results = await doAll(these.map(({ item }) => item));
      if (results.length !== these.length) throw new Error("not every item was answered for");
      for (const [i, result] of results.entries()) these[i]?.done(result);
    } catch (error) {
      for (const { fail } of these) fail(error);
    }
    isUnderWay = waiting.length > 0;
    if (isUnderWay) begin();
  }

  /** Whatever has come in by the same look at the sockets goes along. */
  function begin(): void {
    setImmediate(() => void go());
  }

  return async (item) =>
    await new Promise<R>((done, fail) => {
      waiting.push({ item, done, fail });
      if (isUnderWay) return;
      isUnderWay = true;
      begin();
    });
}
