import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BoardEvent } from "../ports.ts";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../testing/context.ts";
import { until } from "../testing/until.ts";
import { createGpioBoard, gpioBoardConfigSchema } from "./gpio-board.ts";
import { openLibgpiod } from "./gpio-libgpiod.ts";

/**
 * The driver with tools that only look like libgpiod's: scripts on the PATH that take the options of their series (and
 * refuse others), keep levels in files, and hold a line against others as the kernel does. They prove how the driver
 * handles processes, not that the real tools do what is said here of them.
 */
let folder = "";
const cleanup: (() => unknown)[] = [];

const COMMON = String.raw`#!/bin/sh
S="$(dirname "$0")/state"
series=$(cat "$S/series")
lines=""
for word; do
  case "$series $word" in
    *" --version") version=1 ;;
    "1 --mode="*) mode=${"$"}{word#*=} ;;
    "1 --sec="*) seconds=${"$"}{word#*=} ;;
    "1 --usec="*) micros=${"$"}{word#*=} ;;
    "1 --silent"|"2 --quiet"|"2 --numeric"|*" --num-events=1") ;;
    "2 --toggle="*) toggle=${"$"}{word#*=} ;;
    "2 --chip=gpiochip4"|"1 gpiochip4") chip=4 ;;
    "1 --bias=pull-up"|"2 --bias=pull-up"|"1 --bias=disable"|"2 --bias=disabled") echo "$word" >>"$S/bias" ;;
    *" -"*) echo "$0: unrecognized option '$word'" >&2; exit 1 ;;
    *) lines="$lines $word" ;;
  esac
done
busy() { echo "$0: Device or resource busy" >&2; exit 1; }
take() {
  until (set -C; echo $$ >"$S/busy/$1") 2>/dev/null; do
    kill -0 "$(cat "$S/busy/$1")" 2>/dev/null && busy
    rm -f "$S/busy/$1"
  done
}
give() { for each in $lines; do rm -f "$S/busy/${"$"}{each%=*}"; done; }
drive() { echo "$2" >"$S/level/$1"; echo "$1=$2" >>"$S/log"; }
trap 'exit 143' TERM
`;
const TOOLS: Readonly<Record<string, string>> = {
  gpiodetect: String.raw`${COMMON}
if [ -n "$version" ]; then echo "gpiodetect (libgpiod) v$series.2"; exit 0; fi
printf 'gpiochip0 [gpio-brcmstb] (32 lines)\ngpiochip4 [pinctrl-rp1] (54 lines)\n'`,
  gpioget: String.raw`${COMMON}
for line in $lines; do take "$line"; done
out=""
for line in $lines; do out="$out $(cat "$S/level/$line")"; done
give
echo $out`,
  gpiomon: String.raw`${COMMON}
[ -e "$S/no-gpiomon" ] && { echo "gpiomon: out of order" >&2; exit 1; }
seen() { for line in $lines; do cat "$S/level/$line"; done; }
for line in $lines; do take "$line"; done
before=$(seen)
while [ "$(seen)" = "$before" ]; do sleep 0.01; done
give`,
  gpioset: String.raw`${COMMON}
line=${"$"}{lines# }; level=${"$"}{line#*=}; line=${"$"}{line%=*}
take "$line"
drive "$line" "$level"
exec 3>"$S/anon_inode:gpio-line"
hold() { sleep "$1" & wait $!; }
if [ "$mode" = time ]; then hold "$seconds.$(printf %06d "$micros")"; fi
case "$toggle" in
  *,0) ms=${"$"}{toggle%ms,0}; hold "$((ms / 1000)).$(printf %03d $((ms % 1000)))"; drive "$line" $((1 - level)) ;;
esac
give`,
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parkme-gpiod-"));
  for (const each of ["state/busy", "state/level"]) await mkdir(join(folder, each), { recursive: true });
  for (const [name, script] of Object.entries(TOOLS)) {
    await writeFile(join(folder, name), script);
    await chmod(join(folder, name), 0o755);
  }
  for (const line of [17, 22, 23, 27]) await setLine(line, 0);
  await writeFile(join(folder, "state/log"), "");
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
});
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
  vi.unstubAllEnvs();
  // What a test left to end by itself may still write.
  await rm(folder, { recursive: true, maxRetries: 20, retryDelay: 100 });
});

const setLine = (line: number, level: 0 | 1): Promise<void> =>
  writeFile(join(folder, "state/level", String(line)), `${level}\n`);
const setSeries = (series: 1 | 2): Promise<void> => writeFile(join(folder, "state/series"), `${series}\n`);
const driven = (): string[] => readFileSync(join(folder, "state/log"), "utf8").split("\n").slice(0, -1);

async function startBoard() {
  const { context, warnings } = createTestContext(createFakeBus().bus);
  const config = gpioBoardConfigSchema.parse({
    name: "pins",
    driver: "gpio",
    chip: "pinctrl-rp1",
    backend: "libgpiod",
    relays: { r1: 17, r2: { line: 27, active_low: true } },
    inputs: { in1: 22, in2: { line: 23, active_low: true, pull: "up" } },
    poll_ms: 1_000,
    stale_after_ms: 5_000,
  });
  const board = createGpioBoard(config, context);
  const events: BoardEvent[] = [];
  cleanup.push(() => board.stop());
  await board.start((event) => events.push(event));
  const last = () => events.findLast(({ kind }) => kind !== "outcome");
  return {
    board,
    events,
    warnings,
    last,
    image: () => events.findLast((event) => event.kind === "inputs"),
    known: () => until(() => last()?.kind === "inputs", "the inputs"),
  };
}

const pulse = (more: object = {}) =>
  openCommand({ relay: "r1", release: ["r2"], pulseMs: 300, deadlineMs: performance.now() + 5_000, ...more });

describe.each([1, 2] as const)("a gpio board with tools of libgpiod %i", (series) => {
  beforeEach(() => setSeries(series));

  it("begins with its relays off, reads its inputs, and sees them change", async () => {
    const { known, image } = await startBoard();
    await known();
    expect(driven()).toEqual(["17=0", "27=1"]);
    expect(image()).toMatchObject({ levels: { in1: false, in2: true }, outputs: null });
    expect(await readFile(join(folder, "state/bias"), "utf8")).toContain("pull-up");
    await setLine(22, 1);
    await until(() => image()?.levels["in1"] === true, "in1");
    await setLine(23, 1);
    await until(() => image()?.levels["in2"] === false, "in2");
  });

  it("pulses, and breaks before it makes", async () => {
    const { board, events, known } = await startBoard();
    await known();
    const before = driven().length;
    const command = pulse();
    board.command(command);
    await until(() => outcomesOf(events, command.id).length > 0, "the outcome");
    expect(outcomesOf(events, command.id)).toEqual(["done"]);
    await until(() => driven().at(-1) === "17=0", "the end of the pulse");
    expect(driven().slice(before)).toEqual(["27=1", "17=1", "17=0"]);
    const soFar = driven().length;
    const low = pulse({ relay: "r2", release: ["r1"] });
    board.command(low);
    await until(() => driven().length >= soFar + 3, "the pulse of r2");
    expect(outcomesOf(events, low.id)).toEqual(["done"]);
    expect(driven().slice(soFar)).toEqual(["17=0", "27=0", "27=1"]);
  });

  it("says why a relay cannot be energised", async () => {
    const { board, events, known } = await startBoard();
    await known();
    const command = pulse({ release: [] });
    await writeFile(join(folder, "state/busy/17"), String(process.pid));
    board.command(command);
    await until(() => outcomesOf(events, command.id).length > 0, "the outcome");
    expect(outcomesOf(events, command.id)).toEqual(["silent"]);
    expect(events.find((event) => event.kind === "outcome")).toMatchObject({
      detail: expect.stringMatching(/r1 cannot be energised: .*Device or resource busy/) as unknown,
    });
    await rm(join(folder, "state/busy/17"));
  });

  it("has pulses that end by themselves, should the agent not end them", async () => {
    const lines = await openLibgpiod(
      { chip: "pinctrl-rp1", relays: [{ name: "r1", line: 17, activeLow: false, pull: null }], inputs: [] },
      { onEdge: () => {}, onFail: () => {} },
    );
    await lines.energise("r1", 400);
    expect(driven().at(-1)).toBe("17=1");
    await until(() => driven().at(-1) === "17=0", "the end");
    cleanup.push(lines.close);
  });

  it("is lost when gpiomon fails, and comes back", async () => {
    const { known, last, warnings } = await startBoard();
    await known();
    await writeFile(join(folder, "state/no-gpiomon"), "");
    await setLine(22, 1);
    await until(() => last()?.kind === "lost", "the loss");
    expect(last()).toEqual({ kind: "lost", reason: "gpiomon: gpiomon: out of order" });
    await rm(join(folder, "state/no-gpiomon"));
    await known();
    expect(warnings).toEqual(["gpio lost"]);
  });
});

describe("a gpio board without the tools of libgpiod", () => {
  it("is lost with a reason", async () => {
    await rm(join(folder, "gpiodetect"));
    vi.stubEnv("PATH", folder);
    const { last } = await startBoard();
    await until(() => last()?.kind === "lost", "the loss");
    expect(last()).toEqual({ kind: "lost", reason: "gpiodetect is not installed" });
  });

  it("is lost when they are of an unknown kind", async () => {
    await writeFile(join(folder, "state/series"), "x\n");
    const { last } = await startBoard();
    await until(() => last()?.kind === "lost", "the loss");
    expect(last()).toEqual({ kind: "lost", reason: "the tools of libgpiod are of an unknown version" });
  });
});
