import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createFakeBus, createTestContext, openCommand } from "../../testing/context.ts";
import type { BoardEvent } from "../../ports.ts";
import { createGpioBoard, gpioBoardConfigSchema } from "../gpio-board.ts";

/**
 * A program for tests, which a test can put into a world of its own and kill: the GPIO driver with the configuration
 * that is its argument (JSON), printing what it reports. It understands `pulse RELAY MS`, `write PATH TEXT` and `quit`.
 */
export type ProbeLine =
  | { readonly said: "event"; readonly event: BoardEvent }
  | { readonly said: "log"; readonly message: string; readonly fields: object };

const say = (line: ProbeLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const log = (fields: object, message: string): void => say({ said: "log", message, fields });

const { context } = createTestContext(createFakeBus().bus);
const config = gpioBoardConfigSchema.parse(JSON.parse(process.argv[2] ?? "{}"));
const board = createGpioBoard(config, { ...context, log: { debug: log, info: log, warn: log } });
await board.start((event) => say({ said: "event", event }));

createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, first = "", second = ""] = line.split(" ");
  if (word === "pulse") {
    board.command(openCommand({ relay: first, release: [], pulseMs: Number(second) }));
  } else if (word === "write") {
    writeFileSync(first, second);
  } else if (word === "quit") {
    void board.stop().then(() => process.exit(0));
  }
});
