import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMqttBus } from "../../../buses/mqtt-bus.ts";
import type { DeviceContext } from "../../../context.ts";
import type { Board, BoardEvent, RelayCommand } from "../../../ports.ts";
import { createTestContext, outcomesOf, testClock } from "../../../testing/context.ts";
import { PASSWORD, startMosquitto } from "../../../testing/mosquitto.ts";
import type { RunningProgram } from "../../../testing/programs.ts";
import { startRelay } from "../../../testing/relay.ts";
import { until } from "../../../testing/until.ts";
import { startSimDevice } from "../../../testing/sim-device.ts";
import { openByRelay } from "./fake-link.ts";

type Cleanup = (() => Promise<unknown>)[];

/**
 * mosquitto as it is deployed, the agent's bus to it over a cable that can be pulled, and one board driver whose
 * device is the user `gate`.
 */
export async function startRelaySite(create: (context: DeviceContext) => Board, cleanup: Cleanup) {
  const broker = await startMosquitto(["agent", "gate", "zigbee2mqtt"]);
  cleanup.push(() => broker.remove());
  const cable = await startRelay(broker.port);
  cleanup.push(() => cable.stop());
  const folder = await mkdtemp(join(tmpdir(), "parkme-relays-"));
  cleanup.push(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "password"), PASSWORD);
  const bus = createMqttBus({
    url: `mqtt://127.0.0.1:${cable.port}`,
    username: "agent",
    password: PASSWORD,
    facility: "demo",
    epoch: 7,
    clock: testClock,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    count: () => undefined,
  });
  const { context, counts, warnings } = createTestContext(bus);
  const board = create(context);
  const watch = watchBoard(board);
  await watch.start();
  cleanup.push(async () => {
    await board.stop();
    await bus.stop();
  });
  return {
    broker,
    cable,
    bus,
    board,
    counts,
    warnings,
    ...watch,
    /** The device, run as the program that people run. */
    async startDevice(kind: string, topic: string, ...settings: string[]) {
      const user = kind === "zigbee2mqtt" ? "zigbee2mqtt" : "gate";
      const access = ["--username", user, "--password-file", join(folder, "password"), "--name", "gate"];
      const sets = [`topic=${topic}`, ...settings].flatMap((setting) => ["--set", setting]);
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const device = await startSimDevice(kind, ["--mqtt", url, ...access, ...sets]);
      cleanup.push(() => device.stop());
      return device;
    },
  };
}

/** What a board has said, and waiting for what it will say. */
function watchBoard(board: Board) {
  const events: BoardEvent[] = [];
  let mark = 0;
  const sight = (): BoardEvent | undefined =>
    events.findLast(({ kind }) => kind === "inputs" || kind === "lost");
  const outcome = ({ id }: RelayCommand): string => outcomesOf(events, id).join();
  const levels = (): Readonly<Record<string, boolean>> | null => {
    const seen = sight();
    return seen?.kind === "inputs" ? seen.levels : null;
  };
  /** Sends a command, and waits for what becomes of it. */
  async function run(overrides: Partial<RelayCommand> = {}): Promise<string> {
    const command = openByRelay(overrides);
    board.command(command);
    await until(() => outcome(command) !== "", "an outcome", 20_000);
    return outcome(command);
  }
  return {
    start: () => board.start((event) => events.push(event)),
    events,
    levels,
    outcome,
    outputs: () => {
      const seen = sight();
      return seen?.kind === "inputs" ? seen.outputs : null;
    },
    async known(): Promise<void> {
      await until(() => sight()?.kind === "inputs", "the board to be known", 40_000);
      mark = events.length;
    },
    /** Lost for this reason since it was last seen to be known, be it for a moment. */
    async lost(reason: RegExp): Promise<void> {
      const said = (event: BoardEvent): boolean => event.kind === "lost" && reason.test(event.reason);
      await until(() => events.slice(mark).some(said), `the board to be lost: ${reason.source}`, 20_000);
    },
    async input(point: string, on: boolean | undefined): Promise<void> {
      await until(() => levels() !== null && levels()?.[point] === on, `${point} to be ${on}`, 20_000);
      mark = events.length;
    },
    run,
    /** Sends commands until one of them ends like this: boards are read and set up before they obey. */
    async runUntil(wanted: "done" | "refused", overrides: Partial<RelayCommand> = {}): Promise<void> {
      for (let attempt = 0; (await run(overrides)) !== wanted; attempt++) {
        if (attempt > 200) throw new Error(`in vain: no command is ${wanted}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    detailOf: (text: RegExp): boolean =>
      events.some((event) => event.kind === "outcome" && text.test(event.detail)),
  };
}

/** Every message a listener of mosquitto has printed: `retained qos payload`. */
export function heard(tool: RunningProgram): string[] {
  return tool
    .output()
    .split("\n")
    .filter((line) => /^[01] [01] /.test(line))
    .map((line) => line.slice(4));
}
