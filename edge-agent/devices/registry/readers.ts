import { z } from "zod";
import type { DeviceContext } from "../context.ts";
import type { BoardEvent, Reader } from "../ports.ts";
import { boardReaderConfigSchema, createBoardReader } from "../readers/board-reader.ts";
import { createOsdpReader, osdpConfigSchema } from "../readers/osdp.ts";
import { createScanner, scannerConfigSchema } from "../readers/scanner.ts";

/** The readers by the names of their drivers. */

/** An entry under `readers:` of edge.yaml. */
export const readerConfigSchema = z.discriminatedUnion("driver", [
  scannerConfigSchema,
  osdpConfigSchema,
  boardReaderConfigSchema,
]);
export type ReaderConfig = z.infer<typeof readerConfigSchema>;

/** `via: "board"`: its cards come with the events of that board; whoever receives those hands each over to `hear`. */
export type ReaderDevice =
  | { readonly via: "line"; readonly reader: Reader }
  | {
      readonly via: "board";
      readonly board: string;
      readonly reader: Reader;
      readonly hear: (event: BoardEvent) => void;
    };

type Of<D extends ReaderConfig["driver"]> = Extract<ReaderConfig, { driver: D }>;

const drivers: {
  readonly [D in ReaderConfig["driver"]]: (config: Of<D>, context: DeviceContext) => ReaderDevice;
} = {
  scanner: (config, context) => ({ via: "line", reader: createScanner(config, context) }),
  osdp: (config, context) => ({ via: "line", reader: createOsdpReader(config, context) }),
  board: (config) => {
    const reader = createBoardReader(config);
    return { via: "board", board: config.board, reader, hear: reader.hear };
  },
};

export function createReader<D extends ReaderConfig["driver"]>(
  config: Of<D>,
  context: DeviceContext,
): ReaderDevice {
  return drivers[config.driver](config, context);
}
