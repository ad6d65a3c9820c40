import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { GlobalFonts, type SKRSContext2D } from "@napi-rs/canvas";
import type { Plate, PlateCountry } from "../traffic/plates.ts";

const PLATE_FONT = "ParkMe Plate";
export const OVERLAY_FONT = "ParkMe Overlay";

let registered = false;

/** The fonts come with the package: what a machine has installed must not change a picture. */
export function registerFonts(): void {
  if (registered) return;
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf");
  for (const [file, family] of [
    ["DejaVuSansCondensed-Bold.ttf", PLATE_FONT],
    ["DejaVuSansMono-Bold.ttf", OVERLAY_FONT],
  ] as const) {
    if (GlobalFonts.registerFromPath(join(folder, file), family) === null) {
      throw new Error(`cannot register the font ${file}`);
    }
  }
  registered = true;
}

type PlateLook = { readonly ground: string; readonly band: string | null };

const LOOKS: Record<PlateCountry, PlateLook> = {
  D: { ground: "#f3f4f0", band: "D" },
  F: { ground: "#f3f4f0", band: "F" },
  E: { ground: "#f3f4f0", band: "E" },
  NL: { ground: "#f2c230", band: "NL" },
  GB: { ground: "#f2f3ee", band: null },
  IND: { ground: "#f2f3ee", band: "IND" },
};

/** Draws a plate into this rectangle, as large as its text allows. */
export function drawPlate(
  context: SKRSContext2D,
  plate: Plate,
  [x, y, width, height]: readonly [number, number, number, number],
): void {
  const look = LOOKS[plate.country];
  const radius = height * 0.12;
  context.save();
  const sheen = context.createLinearGradient(0, y, 0, y + height);
  sheen.addColorStop(0, "#ffffff");
  sheen.addColorStop(0.25, look.ground);
  sheen.addColorStop(1, shaded(look.ground));
  context.fillStyle = sheen;
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();

  const bandWidth = look.band === null ? 0 : height * 0.42;
  if (look.band !== null) drawBand(context, look.band, x, y, bandWidth, height);

  context.strokeStyle = "#15171a";
  context.lineWidth = height * 0.05;
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.stroke();

  context.fillStyle = "#121417";
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  const room = width - bandWidth - height * 0.3;
  const size = height * 0.8;
  context.font = `${size}px "${PLATE_FONT}"`;
  context.letterSpacing = `${size * 0.05}px`;
  const natural = context.measureText(plate.painted).width;
  context.translate(x + bandWidth + (width - bandWidth) / 2, y + height * 0.79);
  context.scale(Math.min(1, room / natural), 1);
  context.fillText(plate.painted, 0, 0);
  context.restore();
}

function drawBand(
  context: SKRSContext2D,
  letters: string,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.fillStyle = "#1d3f94";
  context.beginPath();
  context.roundRect(x, y, width, height, [height * 0.12, 0, 0, height * 0.12]);
  context.fill();
  context.fillStyle = "#f4d53c";
  for (let i = 0; i < 12; i++) {
    const angle = (i / 12) * 2 * Math.PI;
    context.beginPath();
    context.arc(
      x + width / 2 + Math.cos(angle) * width * 0.27,
      y + height * 0.32 + Math.sin(angle) * width * 0.27,
      height * 0.03,
      0,
      2 * Math.PI,
    );
    context.fill();
  }
  context.fillStyle = "#ffffff";
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.font = `${height * (letters.length > 1 ? 0.2 : 0.28)}px "${PLATE_FONT}"`;
  context.fillText(letters, x + width / 2, y + height * 0.86);
}

function shaded(ground: string): string {
  return ground === "#f2c230" ? "#d39f18" : "#cfd2d0";
}
