/**
 * Text for devices that know one byte a character. The upper halves of the pages are Unicode's mapping tables
 * (unicode.org, MAPPINGS/VENDORS/MICSFT); page 858 is page 850 with the euro sign at D5.
 */
const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
  "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";
const CP850 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀" +
  "ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0";
/** Latin 1, but for the first 32, where it has control characters. */
const CP1252 =
  "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ" +
  String.fromCharCode(...Array.from({ length: 0x60 }, (_, index) => 0xa0 + index));
const FIRST = 0x80;

const PAGES = {
  cp437: bytesOf(CP437),
  cp850: bytesOf(CP850),
  cp858: bytesOf(CP850.replace("ı", "€")),
  cp1252: bytesOf(CP1252),
} as const;
export type CodePage = keyof typeof PAGES;

/** Byte of each character of a page's upper half. Control characters stand where it has nothing. */
function bytesOf(characters: string): ReadonlyMap<string, number> {
  const entries = [...characters].map((character, index) => [character, FIRST + index] as const);
  return new Map(entries.filter(([character]) => !isControl(character)));
}

/** What stands for a character that no page has, where taking its accents off does not lead to ASCII. */
const STAND_INS: Readonly<Record<string, string>> = {
  "€": "EUR",
  "₹": "Rs",
  "£": "GBP",
  "¥": "JPY",
  "‐": "-",
  "‑": "-",
  "–": "-",
  "—": "-",
  "−": "-",
  "─": "-",
  "·": "-",
  "•": "*",
  "×": "x",
  "‘": "'",
  "’": "'",
  "‚": ",",
  "“": '"',
  "”": '"',
  "„": '"',
  "«": '"',
  "»": '"',
  "°": "o",
  ß: "ss",
  æ: "ae",
  Æ: "AE",
  œ: "oe",
  Œ: "OE",
  ø: "o",
  Ø: "O",
  ł: "l",
  Ł: "L",
  đ: "d",
  Đ: "D",
  ð: "d",
  Ð: "D",
  þ: "th",
  Þ: "Th",
  ı: "i",
};

export type PageText = {
  /** The text as it will be read: one byte a character, what no page has replaced, controls and line breaks made blanks. */
  readonly printable: (text: string) => string;
  /** Bytes of a printable text, with what selects a page before each character that the page before it lacks. */
  readonly encode: (printable: string) => Uint8Array;
};

/**
 * @param pages in order of preference; empty = ASCII only.
 * @param select the bytes that select a page. The first one is selected before the first character that needs one.
 */
export function createPageText(
  pages: readonly CodePage[],
  select: (page: CodePage) => readonly number[],
): PageText {
  let current: CodePage | null = null;
  const isIn = (page: CodePage, character: string): boolean => PAGES[page].has(character);
  const isEncodable = (character: string): boolean =>
    isAscii(character) || pages.some((page) => isIn(page, character));

  function readable(character: string): string {
    if (isControl(character) || /\s/u.test(character)) return " ";
    if (isEncodable(character)) return character;
    const standIn = STAND_INS[character] ?? character.normalize("NFKD").replaceAll(/\p{M}/gu, "");
    const plain = [...standIn].filter((part) => isAscii(part)).join("");
    return plain === "" ? "?" : plain;
  }

  return {
    // Composed first: an accent that stands alone would be lost.
    printable: (text) => [...text.normalize("NFC")].map((character) => readable(character)).join(""),
    encode(printable) {
      const bytes: number[] = [];
      for (const character of printable) {
        if (isAscii(character)) {
          bytes.push(character.charCodeAt(0));
          continue;
        }
        const page = [current, ...pages].find((each) => each !== null && isIn(each, character));
        if (page === undefined || page === null) continue;
        if (page !== current) bytes.push(...select(page));
        current = page;
        bytes.push(PAGES[page].get(character) ?? 0x3f);
      }
      return Uint8Array.from(bytes);
    },
  };
}

function isAscii(character: string): boolean {
  return character >= " " && character <= "~";
}

function isControl(character: string): boolean {
  return /[\p{Cc}\p{Cf}]/u.test(character);
}
