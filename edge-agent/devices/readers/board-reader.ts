import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { createHealthReport, type HealthReport } from "../health-report.ts";
import type { BoardEvent, Reader, ReaderEvent } from "../ports.ts";

export const boardReaderConfigSchema = z.strictObject({
  name: slugSchema,
  driver: z.literal("board"),
  /** Name of the board that the reader is wired to. */
  board: slugSchema,
  /** The board's own name of the point: what its `card` events carry. */
  point: z.string().min(1).max(40),
});
export type BoardReaderConfig = z.infer<typeof boardReaderConfigSchema>;

/** A reader whose wire ends at a board: whoever receives the board's events hands each of them over to it. */
export type BoardReader = Reader & {
  /** Takes any event of the board; those of other points do nothing. */
  readonly hear: (event: BoardEvent) => void;
};

/** A card reader with a Wiegand wire to a board. It can be worked with as long as the board's inputs are known. */
export function createBoardReader({ name, board, point }: BoardReaderConfig): BoardReader {
  let sink: (event: ReaderEvent) => void = () => undefined;
  const health: HealthReport = createHealthReport((news) => sink({ kind: "health", health: news }));
  return {
    name,
    start(to) {
      sink = to;
      return Promise.resolve();
    },
    hear(event) {
      switch (event.kind) {
        case "inputs":
          return health.good();
        case "lost":
          return health.bad(`its board ${board} is lost: ${event.reason}`);
        case "card":
          if (event.reader === point) sink({ kind: "credential", medium: "card", text: event.card });
          return;
        case "outcome":
          return;
        default:
          event satisfies never;
      }
    },
    indicate: () => undefined,
    stop: () => Promise.resolve(),
  };
}
