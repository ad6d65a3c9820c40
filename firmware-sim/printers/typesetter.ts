import { create } from "qrcode";
import { printedCharacter } from "./code-tables.ts";
import type { SettingOp, StyleSetting } from "./escpos-ops.ts";

/** What is on the paper, from top to bottom; sizes are in dots of 1/8 mm. */
export type PaperRow =
  | {
      readonly kind: "text";
      readonly align: Align;
      readonly height: number;
      readonly glyphs: readonly Glyph[];
    }
  | { readonly kind: "blank"; readonly height: number }
  | { readonly kind: "image"; readonly align: Align; readonly image: Bitmap; readonly qr: string | null };
export type Align = "left" | "centre" | "right";
export type Glyph = {
  readonly character: string;
  /** Times the normal width and height. */
  readonly wide: number;
  readonly high: number;
  readonly isBold: boolean;
  readonly isUnderlined: boolean;
  readonly isInverse: boolean;
};
/** True = black. */
export type Bitmap = { readonly width: number; readonly height: number; readonly dots: readonly boolean[] };

export const GLYPH_WIDTH = 12;
export const GLYPH_HEIGHT = 24;
const LINE_DOTS = 30;

type Style = Omit<Glyph, "character"> & {
  readonly align: Align;
  readonly table: number;
  readonly lineDots: number;
};
const PLAIN: Style = {
  wide: 1,
  high: 1,
  isBold: false,
  isUnderlined: false,
  isInverse: false,
  align: "left",
  table: 0,
  lineDots: LINE_DOTS,
};

/** Sets what is printed into rows, as the printer's own processor does. Rows come out as they are finished. */
export type Typesetter = {
  /** Returns the rows that this command finishes. */
  readonly take: (op: SettingOp) => PaperRow[];
  /** Styles back to normal, the line begun and the stored QR code forgotten. */
  readonly reset: () => void;
};

/** @param paperDots width of the printed area. */
export function createTypesetter(paperDots: number, knowsQr: boolean): Typesetter {
  let style = PLAIN;
  let glyphs: Glyph[] = [];
  let qr = { module: 3, level: 48, data: new Uint8Array() };

  /** Ends the line, also an empty one. */
  function endLine(): PaperRow {
    const highest = glyphs.reduce((high, glyph) => Math.max(high, glyph.high), 1);
    const height = Math.max(style.lineDots, highest * GLYPH_HEIGHT);
    const row: PaperRow = { kind: "text", align: style.align, height, glyphs };
    glyphs = [];
    return row;
  }

  function text(bytes: Uint8Array): PaperRow[] {
    const rows: PaperRow[] = [];
    for (const byte of bytes) {
      const used = glyphs.reduce((width, glyph) => width + glyph.wide * GLYPH_WIDTH, 0);
      if (used + style.wide * GLYPH_WIDTH > paperDots) rows.push(endLine());
      const { wide, high, isBold, isUnderlined, isInverse } = style;
      const character = printedCharacter(byte, style.table);
      glyphs.push({ character, wide, high, isBold, isUnderlined, isInverse });
    }
    return rows;
  }

  function takeQr(fn: number, data: Uint8Array): PaperRow[] {
    if (!knowsQr) return [];
    if (fn === 67) qr = { ...qr, module: data[0] ?? 3 };
    if (fn === 69) qr = { ...qr, level: data[0] ?? 48 };
    if (fn === 80) qr = { ...qr, data: data.slice(1) };
    if (fn !== 81 || qr.data.length === 0) return [];
    const image = drawQr(qr.data, qr.level, qr.module);
    // A code that does not fit the paper is not printed.
    if (image.width > paperDots) return [];
    return [{ kind: "image", align: style.align, image, qr: Buffer.from(qr.data).toString("utf8") }];
  }

  function reset(): void {
    style = PLAIN;
    glyphs = [];
    qr = { module: 3, level: 48, data: new Uint8Array() };
  }

  return {
    reset,
    take(op) {
      switch (op.kind) {
        case "text":
          return text(op.bytes);
        case "newline":
          return [endLine()];
        case "feed":
          return [
            ...(glyphs.length > 0 ? [endLine()] : []),
            { kind: "blank", height: op.lines * style.lineDots },
          ];
        case "feed_dots":
          return [...(glyphs.length > 0 ? [endLine()] : []), { kind: "blank", height: op.dots }];
        case "set":
          style = styled(style, op.what, op.value);
          return [];
        case "initialise":
          reset();
          return [];
        case "qr":
          return takeQr(op.fn, op.data);
        case "raster":
          return [{ kind: "image", align: style.align, image: bitmapOf(op.rowBytes, op.data), qr: null }];
      }
    },
  };
}

function styled(style: Style, what: StyleSetting, value: number): Style {
  switch (what) {
    case "bold":
      return { ...style, isBold: (value & 1) === 1 };
    case "underline":
      return { ...style, isUnderlined: value !== 0 && value !== 48 };
    case "inverse":
      return { ...style, isInverse: (value & 1) === 1 };
    case "size":
      return { ...style, wide: ((value >> 4) & 7) + 1, high: (value & 7) + 1 };
    case "align":
      return { ...style, align: (["left", "centre", "right"] as const)[value % 48] ?? style.align };
    case "table":
      return { ...style, table: value };
    case "line_dots":
      return { ...style, lineDots: value };
    case "mode":
      return {
        ...style,
        isBold: (value & 0x08) !== 0,
        high: (value & 0x10) === 0 ? 1 : 2,
        wide: (value & 0x20) === 0 ? 1 : 2,
        isUnderlined: (value & 0x80) !== 0,
      };
  }
}

function drawQr(data: Uint8Array, level: number, module: number): Bitmap {
  const errorCorrectionLevel = (["L", "M", "Q", "H"] as const)[level - 48] ?? "L";
  const { modules } = create([{ data, mode: "byte" }], { errorCorrectionLevel });
  const side = modules.size * module;
  const dots = Array.from({ length: side * side }, (_, index) => {
    const x = Math.floor((index % side) / module);
    const y = Math.floor(index / side / module);
    return modules.data[y * modules.size + x] === 1;
  });
  return { width: side, height: side, dots };
}

function bitmapOf(rowBytes: number, data: Uint8Array): Bitmap {
  const dots = [...data].flatMap((byte) =>
    Array.from({ length: 8 }, (_, bit) => ((byte << bit) & 0x80) !== 0),
  );
  return { width: rowBytes * 8, height: rowBytes === 0 ? 0 : data.length / rowBytes, dots };
}

/** The text of a strip, a line an element, without blank lines; and the contents of its QR codes. */
export function contentsOf(rows: readonly PaperRow[]): { readonly text: string[]; readonly qr: string[] } {
  const text = rows.flatMap((row) =>
    row.kind === "text"
      ? [
          row.glyphs
            .map(({ character }) => character)
            .join("")
            .trimEnd(),
        ]
      : [],
  );
  const qr = rows.flatMap((row) => (row.kind === "image" && row.qr !== null ? [row.qr] : []));
  return { text: text.filter((line) => line !== ""), qr };
}
