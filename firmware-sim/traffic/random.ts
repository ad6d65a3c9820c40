/** A seeded source of chance. The same seed gives the same sequence on every machine. */
export type Random = {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** A whole number in [0, below). */
  readonly int: (below: number) => number;
  /** True with this probability, 0..1. */
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  /** Exponentially distributed with this mean: the gaps between independent arrivals. */
  readonly exponential: (mean: number) => number;
  /** Log-normal with this mean; `sigma` is the spread of the logarithm. */
  readonly logNormal: (mean: number, sigma: number) => number;
  /** An independent sequence of its own, so that one more draw here changes nothing there. */
  readonly fork: (label: string) => Random;
};

/** Chris Doty-Humphrey's sfc32 (128 bits of state, passes PractRand), seeded from the hash of a text. */
export function createRandom(seed: string): Random {
  const next = sfc32(hash(seed, 1), hash(seed, 2), hash(seed, 3));
  return {
    next,
    int: (below) => Math.floor(next() * below),
    chance: (probability) => next() < probability,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new RangeError("nothing to pick from");
      return items[Math.floor(next() * items.length)] as T;
    },
    exponential: (mean) => -Math.log(1 - next()) * mean,
    logNormal: (mean, sigma) => Math.exp(Math.log(mean) - (sigma * sigma) / 2 + sigma * gaussian(next)),
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}

function sfc32(seedA: number, seedB: number, seedC: number): () => number {
  let a = seedA;
  let b = seedB;
  let c = seedC;
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  // The author's warm-up: until then close seeds give similar numbers.
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** FNV-1a over UTF-16 units, then murmur3's finaliser: good enough to spread seeds apart. */
function hash(text: string, salt: number): number {
  let h = Math.imul(0x811c_9dc5 ^ salt, 0x0100_0193);
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x0100_0193);
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** Box and Muller's transform. */
function gaussian(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
