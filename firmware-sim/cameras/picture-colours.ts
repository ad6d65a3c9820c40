import type { VehicleColour } from "../traffic/demand.ts";

/** A paint's tones: where light falls, the flat of the body, the shade under the edges. */
export type Paint = { readonly light: string; readonly body: string; readonly shade: string };

export const PAINTS: Record<VehicleColour, Paint> = {
  white: { light: "#f7f8f8", body: "#d9dcde", shade: "#9a9fa4" },
  silver: { light: "#d5d9dc", body: "#a9aeb3", shade: "#6f757b" },
  grey: { light: "#8b9197", body: "#5f656b", shade: "#3a3f44" },
  black: { light: "#4a4e54", body: "#23262a", shade: "#0d0e10" },
  blue: { light: "#5c86bd", body: "#2c5590", shade: "#152c50" },
  red: { light: "#d0605a", body: "#a3241f", shade: "#540f0d" },
  green: { light: "#6d9a78", body: "#2f6341", shade: "#153322" },
  yellow: { light: "#f2d467", body: "#d8ac1c", shade: "#7f630c" },
};

/** How a scene is lit. `glow` is the strength of the headlights. */
export type Light = {
  readonly sky: readonly [string, string];
  readonly ground: readonly [string, string];
  readonly wall: string;
  readonly veil: string;
  readonly glow: number;
};

const DAY: Light = {
  sky: ["#9fb4c4", "#d5dde0"],
  ground: ["#7d8083", "#4c4f53"],
  wall: "#8f8b82",
  veil: "rgba(210, 220, 225, 0.05)",
  glow: 0.35,
};

const NIGHT: Light = {
  sky: ["#0c1118", "#1c2530"],
  ground: ["#34383d", "#1b1e22"],
  wall: "#2b2d30",
  veil: "rgba(6, 10, 18, 0.34)",
  glow: 1,
};

/** By the hour of the camera's clock. */
export function lightAt(hour: number): Light {
  return hour >= 7 && hour < 20 ? DAY : NIGHT;
}
