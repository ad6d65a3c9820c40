import { createCanvas, type Canvas, type SKRSContext2D } from "@napi-rs/canvas";
import type { Vehicle } from "../traffic/demand.ts";
import type { Random } from "../traffic/random.ts";
import { lightAt, type Light } from "./picture-colours.ts";
import { OVERLAY_FONT, registerFonts } from "./plate-drawing.ts";
import { drawVehicle, type Rect } from "./vehicle-drawing.ts";

export const PICTURE_WIDTH = 1_280;
export const PICTURE_HEIGHT = 720;

export type PlatePicture = {
  /** The whole scene, JPEG, 1280 x 720. */
  readonly scene: Uint8Array;
  /** The plate alone, JPEG, cut out of the scene. */
  readonly plate: Uint8Array;
  /** Where the plate is in the scene, in pixels. */
  readonly plateRect: Rect;
};

const QUALITY = 82;
const HORIZON_Y = 210;
const PLATE_MARGIN = 0.12;

/**
 * Renders what a lane camera sees of a vehicle at its gate. `clock` is the camera's local time as it prints it
 * into the picture (`2026-05-01 14:22:07`); chance moves the vehicle a little, as drivers do.
 */
export async function renderPlatePicture(
  vehicle: Vehicle,
  shot: { readonly camera: string; readonly clock: string; readonly random: Random },
): Promise<PlatePicture> {
  registerFonts();
  const light = lightAt(Number(shot.clock.slice(11, 13)));
  const canvas = createCanvas(PICTURE_WIDTH, PICTURE_HEIGHT);
  const context = canvas.getContext("2d");
  context.drawImage(backdrop(light), 0, 0);
  const plateRect = drawVehicle(context, vehicle, {
    centreX: PICTURE_WIDTH / 2 + (shot.random.next() - 0.5) * 90,
    groundY: 642 + (shot.random.next() - 0.5) * 24,
    width: vehicle.kind === "car" ? 590 : vehicle.kind === "van" ? 500 : 480,
    light,
  });
  litPlate(context, plateRect);
  context.drawImage(sensorNoise(shot.random), 0, 0, PICTURE_WIDTH, PICTURE_HEIGHT);
  overlay(context, shot.clock, shot.camera);
  const [scene, plate] = await Promise.all([
    canvas.encode("jpeg", QUALITY),
    cutOut(canvas, plateRect).encode("jpeg", QUALITY),
  ]);
  return { scene, plate, plateRect };
}

/** The camera's own infrared flash: a plate reflects it, so it is bright at night as well. */
function litPlate(context: SKRSContext2D, { x, y, width, height }: Rect): void {
  const flash = context.createRadialGradient(
    x + width / 2,
    y + height / 2,
    0,
    x + width / 2,
    y + height / 2,
    width * 0.75,
  );
  flash.addColorStop(0, "rgba(255, 255, 255, 0.16)");
  flash.addColorStop(1, "rgba(255, 255, 255, 0)");
  context.fillStyle = flash;
  context.fillRect(x - width / 2, y - width / 2, width * 2, width);
}

function cutOut(canvas: Canvas, { x, y, width, height }: Rect): Canvas {
  const marginX = Math.round(width * PLATE_MARGIN);
  const marginY = Math.round(height * PLATE_MARGIN * 2);
  const cut = createCanvas(width + 2 * marginX, height + 2 * marginY);
  cut.getContext("2d").drawImage(canvas, -(x - marginX), -(y - marginY));
  return cut;
}

/** One lane by day and one by night: they never change, so they are drawn once. */
const backdrops = new Map<Light, Canvas>();

function backdrop(light: Light): Canvas {
  const known = backdrops.get(light);
  if (known !== undefined) return known;
  const canvas = createCanvas(PICTURE_WIDTH, PICTURE_HEIGHT);
  drawLane(canvas.getContext("2d"), light);
  backdrops.set(light, canvas);
  return canvas;
}

function drawLane(context: SKRSContext2D, light: Light): void {
  const sky = context.createLinearGradient(0, 0, 0, HORIZON_Y);
  sky.addColorStop(0, light.sky[0]);
  sky.addColorStop(1, light.sky[1]);
  context.fillStyle = sky;
  context.fillRect(0, 0, PICTURE_WIDTH, HORIZON_Y);
  // The lens is focused on the stop line: what lies beyond is soft.
  context.filter = "blur(3px)";
  drawStreet(context, light);
  context.filter = "none";

  const ground = context.createLinearGradient(0, HORIZON_Y, 0, PICTURE_HEIGHT);
  ground.addColorStop(0, light.ground[0]);
  ground.addColorStop(1, light.ground[1]);
  context.fillStyle = ground;
  context.fillRect(0, HORIZON_Y, PICTURE_WIDTH, PICTURE_HEIGHT - HORIZON_Y);

  // Kerbs run to the vanishing point; the loop's saw cut and the stop line lie across the lane.
  quad(context, light.wall, [0, 560, 480, HORIZON_Y, 440, HORIZON_Y, 0, 470]);
  quad(context, light.wall, [1280, 560, 800, HORIZON_Y, 840, HORIZON_Y, 1280, 470]);
  quad(context, "rgba(240, 200, 60, 0.75)", [0, 585, 484, HORIZON_Y, 480, HORIZON_Y, 0, 562]);
  quad(context, "rgba(240, 200, 60, 0.75)", [1280, 585, 796, HORIZON_Y, 800, HORIZON_Y, 1280, 562]);
  context.strokeStyle = "rgba(10, 12, 14, 0.55)";
  context.lineWidth = 3;
  context.strokeRect(320, 590, 640, 92);
  quad(context, "rgba(235, 235, 230, 0.7)", [150, 702, 1130, 702, 1140, 716, 140, 716]);
  drawCabinet(context, light);
  vignette(context);
}

/** The lens passes less light at its rim. */
function vignette(context: SKRSContext2D): void {
  const rim = context.createRadialGradient(640, 380, 320, 640, 380, 820);
  rim.addColorStop(0, "rgba(0, 0, 0, 0)");
  rim.addColorStop(1, "rgba(0, 0, 0, 0.5)");
  context.fillStyle = rim;
  context.fillRect(0, 0, PICTURE_WIDTH, PICTURE_HEIGHT);
}

/** What lies behind the lane: trees, a front of shops, parked cars. */
function drawStreet(context: SKRSContext2D, light: Light): void {
  const isNight = light.glow > 0.5;
  context.fillStyle = isNight ? "#10171a" : "#5f7a63";
  for (const [x, radius] of [
    [40, 74],
    [170, 52],
    [1_010, 60],
    [1_240, 84],
  ] as const) {
    context.beginPath();
    context.arc(x, 76, radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.fillStyle = light.wall;
  context.fillRect(0, 84, PICTURE_WIDTH, HORIZON_Y - 84);
  context.fillStyle = "rgba(0, 0, 0, 0.22)";
  context.fillRect(0, 84, PICTURE_WIDTH, 10);
  for (let x = 18; x < PICTURE_WIDTH; x += 146) {
    const lit = isNight ? x % 4 === 2 : x % 3 === 0;
    const pane = isNight ? "rgba(255, 205, 128, 0.75)" : "rgba(196, 214, 224, 0.65)";
    context.fillStyle = lit ? pane : "rgba(20, 26, 32, 0.5)";
    context.fillRect(x, 108, 108, 74);
    context.fillStyle = "rgba(0, 0, 0, 0.3)";
    context.fillRect(x + 52, 108, 4, 74);
  }
  for (const [x, colour] of [
    [-30, "#43494f"],
    [150, "#6c2f2c"],
    [930, "#33475f"],
    [1_190, "#55595c"],
  ] as const) {
    context.fillStyle = isNight ? "#14181c" : colour;
    context.beginPath();
    context.roundRect(x, 172, 150, 40, 14);
    context.roundRect(x + 28, 148, 92, 40, 16);
    context.fill();
  }
}

/** The barrier's cabinet beside the lane with its raised, striped arm. */
function drawCabinet(context: SKRSContext2D, light: Light): void {
  context.save();
  context.translate(1_128, 400);
  context.rotate(-0.06);
  for (let i = 0; i < 10; i++) {
    context.fillStyle = i % 2 === 0 ? "#c8322b" : "#e9e9e6";
    context.fillRect(-9, -i * 46, 18, -46);
  }
  context.restore();
  const steel = context.createLinearGradient(1_090, 0, 1_170, 0);
  steel.addColorStop(0, light.glow > 0.5 ? "#8a5a18" : "#e0952a");
  steel.addColorStop(1, light.glow > 0.5 ? "#4a300d" : "#a8691a");
  context.fillStyle = steel;
  context.beginPath();
  context.roundRect(1_086, 360, 84, 210, 8);
  context.fill();
  context.fillStyle = "rgba(0, 0, 0, 0.35)";
  context.fillRect(1_098, 400, 60, 4);
  context.fillRect(1_146, 470, 6, 26);
}

function quad(context: SKRSContext2D, fill: string, points: readonly number[]): void {
  context.fillStyle = fill;
  context.beginPath();
  for (let i = 0; i + 1 < points.length; i += 2) context.lineTo(points[i] ?? 0, points[i + 1] ?? 0);
  context.fill();
}

let noise: Canvas | undefined;

/** Grain of the sensor, drawn once at half size and shifted between pictures by the blend alone. */
function sensorNoise(random: Random): Canvas {
  if (noise !== undefined) return noise;
  const canvas = createCanvas(PICTURE_WIDTH / 2, PICTURE_HEIGHT / 2);
  const context = canvas.getContext("2d");
  const grain = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < grain.data.length; i += 4) {
    const value = random.int(256);
    grain.data.set([value, value, value, 12], i);
  }
  context.putImageData(grain, 0, 0);
  noise = canvas;
  return canvas;
}

function overlay(context: SKRSContext2D, clock: string, camera: string): void {
  context.font = `26px "${OVERLAY_FONT}"`;
  context.textBaseline = "top";
  context.lineJoin = "round";
  context.lineWidth = 5;
  context.strokeStyle = "rgba(0, 0, 0, 0.8)";
  context.fillStyle = "#ffffff";
  for (const [text, align, x, y] of [
    [clock, "left", 24, 20],
    [camera, "right", PICTURE_WIDTH - 24, PICTURE_HEIGHT - 48],
  ] as const) {
    context.textAlign = align;
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}
