import type { SKRSContext2D } from "@napi-rs/canvas";
import type { Vehicle, VehicleKind } from "../traffic/demand.ts";
import { PAINTS, type Light, type Paint } from "./picture-colours.ts";
import { drawPlate } from "./plate-drawing.ts";

export type Rect = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

/** A lamp: its centre and its radii. */
type Lamp = readonly [x: number, y: number, rx: number, ry: number];
/** What shines by itself or reflects the camera's flash, in hundredths of the vehicle's width. */
type Front = { readonly plate: Rect; readonly lamps: readonly Lamp[] };

/**
 * Draws a vehicle's front into the scene and returns where its plate is. `centreX` is its middle, `groundY`
 * where its wheels stand, `width` its width, all in pixels.
 */
export function drawVehicle(
  context: SKRSContext2D,
  vehicle: Vehicle,
  place: {
    readonly centreX: number;
    readonly groundY: number;
    readonly width: number;
    readonly light: Light;
  },
): Rect {
  const unit = place.width / 100;
  context.save();
  // From here on one unit is a hundredth of the vehicle's width, the origin between its wheels.
  context.translate(place.centreX, place.groundY);
  context.scale(unit, unit);
  const { plate, lamps } = DRAW[vehicle.kind](context, PAINTS[vehicle.colour]);
  // The dark of the night lies on the paint, not on what shines through it.
  context.fillStyle = place.light.veil;
  context.fillRect(-300, -300, 600, 600);
  for (const lamp of lamps) glow(context, place.light, lamp);
  drawPlate(context, vehicle.plate, [plate.x, plate.y, plate.width, plate.height]);
  context.restore();
  return {
    x: Math.round(place.centreX + plate.x * unit),
    y: Math.round(place.groundY + plate.y * unit),
    width: Math.round(plate.width * unit),
    height: Math.round(plate.height * unit),
  };
}

/** From the front; what is behind the cab is not in the picture. */
const DRAW: Record<VehicleKind, (context: SKRSContext2D, paint: Paint) => Front> = {
  car: drawCar,
  van: drawVan,
  motorcycle: drawMotorcycle,
  scooter: drawMotorcycle,
  truck: drawVan,
  high_truck: drawVan,
  car_with_trailer: drawCar,
};

function drawCar(context: SKRSContext2D, paint: Paint): Front {
  shadow(context, 56, 7);
  wheels(context, 34, 13, 17);
  cabin(context, paintOf(context, paint, -84, -50), 42, 29, -80);
  windscreen(context, [-38, -51, -28, -77, 28, -77, 38, -51], -51);
  mirrors(context, paint, 46, -53);
  // Body: bonnet over the front.
  smooth(context, paintOf(context, paint, -56, -10), -50, -10, -53, paint);
  line(context, paint.shade, 0.6, [-34, -50, -30, -39, 30, -39, 34, -50]);
  polygon(context, "rgba(255, 255, 255, 0.10)", [-24, -51, -4, -52, -2, -40, -20, -40]);
  headlightGlass(context, 36, -34, 11, 5);
  grille(context, [-22, -38, 44, 9]);
  // Bumper with its lower intake, fog lights and the plate.
  polygon(context, "#15171a", [-36, -17, 36, -17, 31, -9, -31, -9]);
  fogLight(context, -42, -15);
  fogLight(context, 42, -15);
  line(context, paint.shade, 0.7, [-49, -22, -26, -24, 26, -24, 49, -22]);
  return { plate: { x: -20, y: -26.5, width: 40, height: 8.6 }, lamps: pair(36, -34, 6, 3.5) };
}

function drawVan(context: SKRSContext2D, paint: Paint): Front {
  shadow(context, 54, 6);
  wheels(context, 36, 12, 15);
  mirrors(context, paint, 52, -70);
  polygon(
    context,
    paintOf(context, paint, -122, -50),
    [-47, -50, -44, -112, -38, -120, 38, -120, 44, -112, 47, -50],
  );
  windscreen(context, [-43, -62, -38, -108, 38, -108, 43, -62], -62);
  smooth(context, paintOf(context, paint, -64, -9), -50, -9, -62, paint);
  line(context, paint.shade, 0.6, [-44, -60, -38, -50, 38, -50, 44, -60]);
  headlightGlass(context, 38, -40, 9, 8);
  grille(context, [-26, -46, 52, 12]);
  polygon(context, "#17191c", [-48, -21, 48, -21, 45, -9, -45, -9]);
  fogLight(context, -40, -15);
  fogLight(context, 40, -15);
  return { plate: { x: -18, y: -26, width: 36, height: 7.8 }, lamps: pair(38, -40, 5, 5.6) };
}

function drawMotorcycle(context: SKRSContext2D, paint: Paint): Front {
  shadow(context, 16, 4);
  // Tyre and fork.
  ellipse(context, "#0e0f11", 0, -17, 5, 17);
  ellipse(context, "#2a2d31", 0, -17, 3, 12);
  line(context, "#6d7278", 1.6, [-7, -48, -5, -18]);
  line(context, "#6d7278", 1.6, [7, -48, 5, -18]);
  // Rider: legs, jacket, helmet.
  polygon(context, "#1d2024", [-17, -44, -13, -64, 13, -64, 17, -44, 12, -30, -12, -30]);
  polygon(context, "#2d3137", [-20, -64, -14, -92, 14, -92, 20, -64]);
  line(context, "#2d3137", 6, [-15, -86, -25, -70, -22, -60]);
  line(context, "#2d3137", 6, [15, -86, 25, -70, 22, -60]);
  ellipse(context, paint.body, 0, -100, 9, 11);
  ellipse(context, "#14161a", 0, -99, 7, 5);
  // Fairing, screen, handlebar, headlight.
  line(context, "#16181b", 2, [-24, -59, 24, -59]);
  polygon(
    context,
    paintOf(context, paint, -62, -36),
    [-11, -60, 11, -60, 13, -48, 8, -36, -8, -36, -13, -48],
  );
  polygon(context, "rgba(150, 175, 190, 0.55)", [-8, -60, -5, -71, 5, -71, 8, -60]);
  return { plate: { x: -12, y: -37, width: 24, height: 6 }, lamps: [[0, -51, 6, 4.5]] };
}

function shadow(context: SKRSContext2D, halfWidth: number, height: number): void {
  const gradient = context.createRadialGradient(0, 0, 2, 0, 0, halfWidth);
  gradient.addColorStop(0, "rgba(0, 0, 0, 0.75)");
  gradient.addColorStop(0.75, "rgba(0, 0, 0, 0.5)");
  gradient.addColorStop(1, "rgba(0, 0, 0, 0)");
  context.save();
  context.scale(1, height / halfWidth);
  context.fillStyle = gradient;
  context.beginPath();
  context.arc(0, 0, halfWidth, 0, 2 * Math.PI);
  context.fill();
  context.restore();
}

function wheels(context: SKRSContext2D, x: number, width: number, height: number): void {
  for (const side of [-1, 1]) {
    context.fillStyle = "#0d0e10";
    context.beginPath();
    context.roundRect(side * (x + width / 2) - width / 2, -height, width, height + 1, 3);
    context.fill();
  }
}

function mirrors(context: SKRSContext2D, paint: Paint, x: number, y: number): void {
  for (const side of [-1, 1]) {
    line(context, "#15171a", 1.6, [side * (x - 7), y + 2, side * x, y]);
    ellipse(context, paint.shade, side * x, y - 1.4, 5, 3.5);
    ellipse(context, paint.body, side * x, y - 2, 4.7, 3);
  }
}

/** Roof and pillars: `foot` and `shoulder` are half widths at the bonnet and at the roof. */
function cabin(
  context: SKRSContext2D,
  fill: SKRSContext2D["fillStyle"],
  foot: number,
  shoulder: number,
  roof: number,
): void {
  context.fillStyle = fill;
  context.beginPath();
  context.moveTo(-foot, -46);
  context.quadraticCurveTo(-shoulder - 4, roof + 14, -shoulder, roof + 4);
  context.quadraticCurveTo(-shoulder + 4, roof - 2, 0, roof - 3);
  context.quadraticCurveTo(shoulder - 4, roof - 2, shoulder, roof + 4);
  context.quadraticCurveTo(shoulder + 4, roof + 14, foot, -46);
  context.fill();
}

/** The painted front: a box with rounded shoulders from `top` to `bottom`, with a lit edge. */
function smooth(
  context: SKRSContext2D,
  fill: SKRSContext2D["fillStyle"],
  left: number,
  bottom: number,
  top: number,
  paint: Paint,
): void {
  const right = -left;
  context.beginPath();
  context.moveTo(left + 2, bottom);
  context.quadraticCurveTo(left - 1, bottom - 14, left + 1, top + 20);
  context.quadraticCurveTo(left + 3, top + 3, left + 17, top);
  context.quadraticCurveTo(0, top - 4, right - 17, top);
  context.quadraticCurveTo(right - 3, top + 3, right - 1, top + 20);
  context.quadraticCurveTo(right + 1, bottom - 14, right - 2, bottom);
  context.quadraticCurveTo(0, bottom + 3, left + 2, bottom);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = paint.shade;
  context.lineWidth = 0.5;
  context.stroke();
}

function windscreen(context: SKRSContext2D, points: readonly number[], bottom: number): void {
  const glass = context.createLinearGradient(0, bottom - 46, 0, bottom);
  glass.addColorStop(0, "#5c7183");
  glass.addColorStop(0.55, "#2a3541");
  glass.addColorStop(1, "#151b21");
  polygon(context, glass, points);
  // Seats and drivers are dark shapes behind the glass; a diagonal sheen lies over them.
  ellipse(context, "rgba(8, 10, 12, 0.75)", 13, bottom - 9, 6, 7);
  ellipse(context, "rgba(12, 14, 17, 0.8)", 13, bottom - 17, 3.6, 4.4);
  ellipse(context, "rgba(8, 10, 12, 0.5)", -13, bottom - 8, 6, 7);
  context.save();
  context.beginPath();
  trace(context, points);
  context.clip();
  polygon(context, "rgba(255, 255, 255, 0.09)", [-30, bottom, -8, bottom - 46, 3, bottom - 46, -19, bottom]);
  context.restore();
  line(context, "#0b0d0f", 0.6, [-26, bottom - 1, -4, bottom - 5]);
  line(context, "#0b0d0f", 0.6, [2, bottom - 1, 24, bottom - 5]);
}

function pair(x: number, y: number, rx: number, ry: number): readonly Lamp[] {
  return [
    [-x, y, rx, ry],
    [x, y, rx, ry],
  ];
}

function headlightGlass(context: SKRSContext2D, x: number, y: number, rx: number, ry: number): void {
  for (const side of [-1, 1]) {
    polygon(context, "#202429", [
      side * (x - rx),
      y + ry * 0.6,
      side * (x - rx * 0.8),
      y - ry * 0.5,
      side * (x + rx),
      y - ry * 1.1,
      side * (x + rx * 1.05),
      y + ry * 0.5,
      side * (x + rx * 0.4),
      y + ry,
    ]);
  }
}

/** A lit lamp and its halo. */
function glow(context: SKRSContext2D, light: Light, [x, y, rx, ry]: Lamp): void {
  const reach = rx * (2 + 3 * light.glow);
  const halo = context.createRadialGradient(x, y, 0, x, y, reach);
  halo.addColorStop(0, `rgba(255, 250, 232, ${0.35 + 0.45 * light.glow})`);
  halo.addColorStop(0.3, `rgba(255, 247, 224, ${0.28 * light.glow})`);
  halo.addColorStop(1, "rgba(255, 245, 220, 0)");
  context.fillStyle = halo;
  context.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
  ellipse(context, "#fffdf4", x, y, rx, ry);
}

function fogLight(context: SKRSContext2D, x: number, y: number): void {
  ellipse(context, "#0c0d0f", x, y, 3.4, 2.2);
  ellipse(context, "#6d7377", x, y, 2, 1.4);
}

function grille(
  context: SKRSContext2D,
  [x, y, width, height]: readonly [number, number, number, number],
): void {
  context.fillStyle = "#121417";
  context.beginPath();
  context.roundRect(x, y, width, height, 3);
  context.fill();
  for (let at = y + 2; at < y + height - 1; at += 2.2)
    line(context, "#3b4046", 0.6, [x + 2, at, x + width - 2, at]);
  ellipse(context, "#b9bec3", 0, y + height / 2, 3, 3);
  ellipse(context, "#4d5359", 0, y + height / 2, 2, 2);
}

function paintOf(context: SKRSContext2D, paint: Paint, top: number, bottom: number) {
  const gradient = context.createLinearGradient(0, top, 0, bottom);
  gradient.addColorStop(0, paint.light);
  gradient.addColorStop(0.4, paint.body);
  gradient.addColorStop(1, paint.shade);
  return gradient;
}

function trace(context: SKRSContext2D, points: readonly number[]): void {
  for (let i = 0; i + 1 < points.length; i += 2) context.lineTo(points[i] ?? 0, points[i + 1] ?? 0);
}

function polygon(context: SKRSContext2D, fill: SKRSContext2D["fillStyle"], points: readonly number[]): void {
  context.fillStyle = fill;
  context.beginPath();
  trace(context, points);
  context.closePath();
  context.fill();
}

function line(context: SKRSContext2D, stroke: string, width: number, points: readonly number[]): void {
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.lineCap = "round";
  context.beginPath();
  trace(context, points);
  context.stroke();
}

function ellipse(context: SKRSContext2D, fill: string, x: number, y: number, rx: number, ry: number): void {
  context.fillStyle = fill;
  context.beginPath();
  context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  context.fill();
}
