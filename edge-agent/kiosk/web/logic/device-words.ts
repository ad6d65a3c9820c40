import type { DeviceView } from "@parkme/shared/protocol/kiosk";

export const DEVICE_WORDS: Record<DeviceView["kind"], string> = {
  board: "Board",
  camera: "Camera",
  reader: "Reader",
  printer: "Printer",
  display: "Display",
  terminal: "Card terminal",
};
