/** A row as it stands on a disk: columns by their names, booleans as such. */
export type PlainRow = Readonly<Record<string, string | number | boolean | null>>;
