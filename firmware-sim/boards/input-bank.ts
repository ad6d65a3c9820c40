/** Inputs with counters of their rising edges. */
export type InputBank = {
  /** The level of an input's contact; throws on a name that the board does not have. */
  readonly set: (name: string, on: boolean) => void;
  /** Fault: the input says this level whatever its contact does; null lets it follow again. */
  readonly stick: (name: string, level: boolean | null) => void;
  readonly levels: () => Record<string, boolean>;
  /** Rising edges of each input since the counters were reset. */
  readonly edges: () => Record<string, number>;
  readonly resetEdges: () => void;
};

export function createInputBank(
  names: readonly string[],
  onChange: (input: string, on: boolean) => void,
): InputBank {
  const contacts = new Map(names.map((name) => [name, false]));
  const edges = new Map(names.map((name) => [name, 0]));
  const stuck = new Map<string, boolean>();

  function level(name: string): boolean {
    const contact = contacts.get(name);
    if (contact === undefined) throw new RangeError(`no input ${name}`);
    return stuck.get(name) ?? contact;
  }

  function change(name: string, how: () => void): void {
    const before = level(name);
    how();
    const on = level(name);
    if (on === before) return;
    if (on) edges.set(name, (edges.get(name) ?? 0) + 1);
    onChange(name, on);
  }

  return {
    set: (name, on) => change(name, () => contacts.set(name, on)),
    stick: (name, value) =>
      change(name, () => (value === null ? stuck.delete(name) : stuck.set(name, value))),
    levels: () => Object.fromEntries(names.map((name) => [name, level(name)])),
    edges: () => Object.fromEntries(edges),
    resetEdges() {
      for (const name of names) edges.set(name, 0);
    },
  };
}
