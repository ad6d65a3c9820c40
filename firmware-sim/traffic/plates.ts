import { MAX_PLATE_LENGTH } from "@parkme/shared/domain/plate";
import type { Random } from "./random.ts";

/** A registration plate as it is painted on metal. */
export type Plate = {
  /** Letters and digits only: what a camera reads. */
  readonly text: string;
  /** With the spaces or dashes of the country. */
  readonly painted: string;
  readonly country: PlateCountry;
};

export const PLATE_COUNTRIES = ["D", "GB", "F", "E", "NL", "IND"] as const;
export type PlateCountry = (typeof PLATE_COUNTRIES)[number];

/** A plate from its painted form; throws when nothing that fits a plate is left of it. */
export function paintedPlate(painted: string, country: PlateCountry): Plate {
  const text = painted.replaceAll(/[^\p{L}\p{Nd}]/gu, "");
  if (text.length < 2 || text.length > MAX_PLATE_LENGTH)
    throw new RangeError(`no plate: ${painted.slice(0, 40)}`);
  return { text, painted, country };
}

const MAX_DRAWS = 1_000;

/** Draws a plate that `taken` does not know; throws when it knows every one of a thousand draws. */
export function drawPlate(random: Random, taken: (text: string) => boolean): Plate {
  for (let i = 0; i < MAX_DRAWS; i++) {
    const country = random.pick(MIX);
    const plate = paintedPlate(DRAW[country](random), country);
    if (!taken(plate.text)) return plate;
  }
  throw new RangeError("every plate drawn is taken");
}

/** What stands in a German harbour town's car park. */
const MIX: readonly PlateCountry[] = ["D", "D", "D", "D", "D", "D", "NL", "NL", "F", "GB", "E", "IND"];

// A country leaves out the letters that its own plates would make ambiguous.
const LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NO_I_Q = "ABCDEFGHJKLMNOPRSTUVWXYZ";
const NO_I_O = "ABCDEFGHJKLMNPQRSTUVWXYZ";
const NO_I_O_U = "ABCDEFGHJKLMNPQRSTVWXYZ";
const SPANISH = "BCDFGHJKLMNPRSTVWXYZ";
const DUTCH = "BDFGHJKLNPRSTXZ";
const DISTRICTS = "B M K F S D H L N DO DD HH HB HL BN MA KA KI RO HRO OL WHV CUX STD KN".split(" ");
const BRITISH_YEARS = "07 12 17 19 20 21 22 23 24 55 62 66 68 70 71 72 73 74".split(" ");
const INDIAN_STATES = "DL HR KA KL MH TN TS UP WB".split(" ");

const DRAW: Record<PlateCountry, (random: Random) => string> = {
  D: (random) => {
    const marks = `${random.pick(DISTRICTS)} ${letters(random, LATIN, 1 + random.int(2))}`;
    // Eight characters at most, and no leading zero.
    return `${marks} ${1 + random.int(marks.length > 5 ? 999 : 9_999)}`;
  },
  GB: (random) => `${letters(random, NO_I_Q, 2)}${random.pick(BRITISH_YEARS)} ${letters(random, NO_I_Q, 3)}`,
  F: (random) => `${letters(random, NO_I_O_U, 2)}-${digits(random, 3)}-${letters(random, NO_I_O_U, 2)}`,
  E: (random) => `${digits(random, 4)} ${letters(random, SPANISH, 3)}`,
  NL: (random) => `${letters(random, DUTCH, 1)}-${digits(random, 3)}-${letters(random, DUTCH, 2)}`,
  IND: (random) =>
    `${random.pick(INDIAN_STATES)} ${digits(random, 2)} ${letters(random, NO_I_O, 2)} ${digits(random, 4)}`,
};

function letters(random: Random, alphabet: string, count: number): string {
  let text = "";
  for (let i = 0; i < count; i++) text += alphabet[random.int(alphabet.length)];
  return text;
}

function digits(random: Random, count: number): string {
  return String(random.int(10 ** count)).padStart(count, "0");
}
