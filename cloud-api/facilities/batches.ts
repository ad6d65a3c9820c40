/** What is loaded together. */
type Batch<T> = { readonly ids: Set<string>; readonly rows: Promise<ReadonlyMap<string, T>> };

const MAX_BATCH = 500;

/**
 * Reads rows by their ids, those that are asked for at the same moment together: a page of a list costs one query and
 * not one for each of its items.
 */
export function inBatches<T>(
  loadMany: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): (id: string) => Promise<T | null> {
  let open: Batch<T> | null = null;

  function begin(): Batch<T> {
    const ids = new Set<string>();
    const rows = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      if (open?.ids === ids) open = null;
      return await loadMany([...ids]);
    });
    return { ids, rows };
  }

  return async (id) => {
    if (open === null || open.ids.size >= MAX_BATCH) open = begin();
    open.ids.add(id);
    return (await open.rows).get(id) ?? null;
  };
}
