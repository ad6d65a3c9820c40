import type { DeviceContext } from "../context.ts";
import type { Board, Display, PaymentTerminal, Printer } from "../ports.ts";
import { type BoardConfig, createBoard } from "./boards.ts";
import { type CameraConfig, type CameraDevice, createCamera } from "./cameras.ts";
import { createDisplay, type DisplayConfig } from "./displays.ts";
import { createPrinter, type PrinterConfig } from "./printers.ts";
import { createReader, type ReaderConfig, type ReaderDevice } from "./readers.ts";
import { createTerminal, type TerminalConfig } from "./terminals.ts";

/** Makes a device of each kind from its section of the configuration; nothing is started. */
export type DeviceMakers = {
  readonly createBoard: (config: BoardConfig, context: DeviceContext) => Board;
  readonly createCamera: (config: CameraConfig, context: DeviceContext) => CameraDevice;
  readonly createReader: (config: ReaderConfig, context: DeviceContext) => ReaderDevice;
  readonly createPrinter: (config: PrinterConfig, context: DeviceContext) => Printer;
  readonly createDisplay: (config: DisplayConfig, context: DeviceContext) => Display;
  readonly createTerminal: (config: TerminalConfig, context: DeviceContext) => PaymentTerminal;
};

/** By the drivers that the configuration names. */
export const DRIVERS: DeviceMakers = {
  createBoard,
  createCamera,
  createReader,
  createPrinter,
  createDisplay,
  createTerminal,
};
