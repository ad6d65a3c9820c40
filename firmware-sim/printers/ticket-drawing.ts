import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createCanvas, GlobalFonts, type SKRSContext2D } from "@napi-rs/canvas";
import { type Bitmap, type Glyph, GLYPH_HEIGHT, GLYPH_WIDTH, type PaperRow } from "./typesetter.ts";

const FONT = "ParkMe Thermal";
const BOLD_FONT = "ParkMe Thermal Bold";
/** The glyphs of this size are one cell wide. */
const FONT_PIXELS = 20;
const BASELINE = 19;
const PAPER = "#fbfaf5";
const INK = "#1d1c20";
const TABLE = "#8f8a80";
/** Around the printed area, and around the paper. */
const MARGIN = 32;
const AROUND = 24;
const TOP = 28;
const BOTTOM = 40;
/** A strip that nobody cut can be very long. */
const MAX_PAPER_HEIGHT = 8_000;

let areFontsRegistered = false;

/** The fonts come with the package: what a machine has installed must not change a picture. */
function registerFonts(): void {
  if (areFontsRegistered) return;
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf");
  for (const [file, family] of [
    ["DejaVuSansMono.ttf", FONT],
    ["DejaVuSansMono-Bold.ttf", BOLD_FONT],
  ] as const) {
    if (GlobalFonts.registerFromPath(join(folder, file), family) === null) {
      throw new Error(`cannot register the font ${file}`);
    }
  }
  areFontsRegistered = true;
}

/** A picture of the ticket as it lies on a table, PNG, one pixel a dot. */
export async function drawTicket(rows: readonly PaperRow[], paperDots: number): Promise<Uint8Array> {
  registerFonts();
  const content = rows.reduce((height, row) => height + heightOf(row), 0);
  const height = Math.min(MAX_PAPER_HEIGHT, TOP + content + BOTTOM);
  const width = paperDots + 2 * MARGIN;
  const canvas = createCanvas(width + 2 * AROUND, height + 2 * AROUND);
  const context = canvas.getContext("2d");
  context.fillStyle = TABLE;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(AROUND, AROUND);
  drawPaper(context, width, height);
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.translate(MARGIN, TOP);
  for (const row of rows) {
    drawRow(context, row, paperDots);
    context.translate(0, heightOf(row));
  }
  return canvas.encode("png");
}

function heightOf(row: PaperRow): number {
  return row.kind === "image" ? row.image.height : row.height;
}

/** Curved a little by the roll: lighter in the middle. */
function drawPaper(context: SKRSContext2D, width: number, height: number): void {
  context.save();
  context.shadowColor = "rgba(0, 0, 0, 0.45)";
  context.shadowBlur = 16;
  context.shadowOffsetY = 5;
  context.fillStyle = PAPER;
  context.fillRect(0, 0, width, height);
  context.restore();
  const curl = context.createLinearGradient(0, 0, 0, height);
  curl.addColorStop(0, "rgba(120, 112, 96, 0.22)");
  curl.addColorStop(0.06, "rgba(120, 112, 96, 0)");
  curl.addColorStop(0.94, "rgba(120, 112, 96, 0)");
  curl.addColorStop(1, "rgba(120, 112, 96, 0.26)");
  context.fillStyle = curl;
  context.fillRect(0, 0, width, height);
}

function drawRow(context: SKRSContext2D, row: PaperRow, paperDots: number): void {
  if (row.kind === "blank") return;
  const width =
    row.kind === "image"
      ? row.image.width
      : row.glyphs.reduce((sum, { wide }) => sum + wide * GLYPH_WIDTH, 0);
  const free = Math.max(0, paperDots - width);
  const left = row.align === "left" ? 0 : row.align === "centre" ? Math.floor(free / 2) : free;
  if (row.kind === "image") drawBitmap(context, row.image, left);
  else drawGlyphs(context, row.glyphs, left);
}

function drawBitmap(context: SKRSContext2D, { width, height, dots }: Bitmap, left: number): void {
  context.fillStyle = INK;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (dots[y * width + x] === true) context.fillRect(left + x, y, 1, 1);
  }
}

function drawGlyphs(context: SKRSContext2D, glyphs: readonly Glyph[], left: number): void {
  const highest = glyphs.reduce((high, glyph) => Math.max(high, glyph.high), 1);
  let x = left;
  for (const glyph of glyphs) {
    const { character, wide, high, isBold, isUnderlined, isInverse } = glyph;
    context.save();
    // All stand on the same line.
    context.translate(x, (highest - high) * GLYPH_HEIGHT);
    context.scale(wide, high);
    context.fillStyle = INK;
    if (isInverse) context.fillRect(0, 0, GLYPH_WIDTH, GLYPH_HEIGHT);
    if (isUnderlined) context.fillRect(0, GLYPH_HEIGHT - 2, GLYPH_WIDTH, 2);
    if (isInverse) context.fillStyle = PAPER;
    context.font = `${FONT_PIXELS}px "${isBold ? BOLD_FONT : FONT}"`;
    context.textBaseline = "alphabetic";
    context.fillText(character, 0, BASELINE);
    context.restore();
    x += wide * GLYPH_WIDTH;
  }
}
