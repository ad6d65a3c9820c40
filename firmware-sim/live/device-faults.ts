import type { RunningDevice } from "../wiring/site-devices.ts";
import { exclusive, press, remembered, type Fault } from "./faults.ts";
import type { ThingKind } from "./contract.ts";

/** What the control page calls each kind of `parkme-sim device`; what is not named here drives relays. */
const KINDS: Readonly<Record<string, ThingKind>> = {
  escpos: "printer",
  scanner: "scanner",
  osdp: "reader",
  cd5220: "display",
  zvt: "terminal",
  "tcp-cable": "cable",
};

export function thingKindOf({ kind }: RunningDevice): ThingKind {
  return KINDS[kind] ?? "board";
}

/** A line of these deeds: what it is called, and the words that do and undo it. */
type Line = { readonly deed: string; readonly title: string; readonly on: string; readonly off: string };

const SWITCHES: readonly Line[] = [
  { deed: "silence", title: "Silent", on: "on", off: "off" },
  { deed: "offline", title: "Offline", on: "on", off: "off" },
  { deed: "cover", title: "Cover open", on: "open", off: "closed" },
  { deed: "jam", title: "Paper jam", on: "on", off: "off" },
  { deed: "cutter", title: "Cutter stuck", on: "stuck", off: "ok" },
  { deed: "corrupt", title: "Corrupt", on: "2000", off: "off" },
  { deed: "slow", title: "Slow", on: "4000", off: "off" },
  { deed: "delay", title: "Late", on: "500", off: "0" },
];
/** These words mean something else at these devices. */
const NOT_SO: Readonly<Record<string, readonly string[]>> = { zvt: ["slow"], modbus: ["delay"] };

type Press = { readonly deed: string; readonly title: string; readonly words: readonly string[] };

const PRESSES: readonly Press[] = [
  { deed: "reboot", title: "Reboot", words: [] },
  { deed: "garbage", title: "Garbage", words: [] },
  { deed: "hang", title: "Hang at next payment", words: [] },
  { deed: "drop", title: "Drop after next payment", words: ["after"] },
  { deed: "half", title: "Stop halfway", words: [] },
  { deed: "hang-up", title: "Hang up", words: [] },
];
/** A cable's `cut` is a state; the others' takes a number and is of no use by hand. */
const BROKEN = { cut: "Cut", stall: "Stalled", "half-open": "Half open" };
const PAPER = { paper_out: "Paper out", paper_low: "Paper low" };

/** What can be done to one of the site's devices by hand, by the deeds that it knows. */
export function deviceFaults({ kind, device }: RunningDevice): Fault[] {
  const run = (deed: string, ...words: readonly string[]): void => {
    const known = device.deeds[deed];
    if (known === undefined) throw new Error(`there is no ${deed} at this device`);
    known.run(words);
  };
  const knows = (deed: string): boolean =>
    Object.hasOwn(device.deeds, deed) && NOT_SO[kind]?.includes(deed) !== true;
  const faults: Fault[] = [];
  if (kind === "tcp-cable") faults.push(...exclusive(BROKEN, (what) => run(what ?? "mend")));
  if (knows("paper"))
    faults.push(...exclusive(PAPER, (what) => run("paper", what?.slice("paper_".length) ?? "ok")));
  if (knows("plug")) {
    faults.push(remembered("unplug", "Unplugged", (on) => run(on ? "unplug" : "plug")));
  } else if (knows("unplug") && kind === "zvt") {
    faults.push(press("unplug", "Cut the line", () => run("unplug")));
  }
  for (const { deed, title, on, off } of SWITCHES) {
    if (knows(deed)) faults.push(remembered(deed, title, (is) => run(deed, is ? on : off)));
  }
  for (const { deed, title, words } of PRESSES) {
    if (knows(deed)) faults.push(press(deed, title, () => run(deed, ...words)));
  }
  return faults;
}

/** What a look at a device shows, in a few words. */
export function deviceStatus({ kind, device }: RunningDevice): string {
  const state = device.state();
  switch (kind) {
    case "escpos":
      return state["presented"] === true ? "ticket waits" : state["ready"] === true ? "ready" : "not ready";
    case "cd5220":
      return linesOf(state["lines"]).join(" / ") || "blank";
    case "zvt": {
      const { waiting, registered } = state;
      if (typeof waiting === "string") return `waits for ${waiting}`;
      return registered === true ? "idle" : "not signed on";
    }
    case "scanner":
      return `${state["connected"] === true ? "connected" : "no line"}, ${Number(state["scans"])} codes`;
    case "tcp-cable":
      return `${Number(state["connections"])} connections`;
    default:
      return pulledOf(state["relays"]);
  }
}

/** The lines of a display that say something. */
export function linesOf(lines: unknown): string[] {
  if (!Array.isArray(lines)) return [];
  return lines.map((line) => String(line).trim()).filter((line) => line !== "");
}

function pulledOf(relays: unknown): string {
  if (typeof relays !== "object" || relays === null) return "";
  const pulled = Object.entries(relays).flatMap(([relay, on]) => (on === true ? [relay] : []));
  return pulled.length === 0 ? "relays at rest" : `pulls ${pulled.join(", ")}`;
}
