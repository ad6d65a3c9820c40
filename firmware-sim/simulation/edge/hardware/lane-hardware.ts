import type { LaneInput, SensorInput } from "@parkme/shared/domain/lane";
import type { Gate } from "../../../world/gate.ts";
import type { Hands } from "../../hands.ts";
import type { InTheWay } from "../../journal.ts";
import type { FaultKind, LanePlan } from "../../schedule.ts";
import { deviceOf, inputsOf } from "../site-config.ts";
import { VirtualBoard } from "./board.ts";
import { type Lie, Lies } from "./lies.ts";
import { later, type DeviceParts } from "./parts.ts";
import { VirtualPrinter } from "./printer.ts";
import { VirtualCamera, VirtualDisplay, VirtualScanner } from "./small-devices.ts";
import { VirtualTerminal } from "./terminal.ts";

const PRESSED_MS = 300;
/** An arm that is slow takes up to so many times as long. */
const SLOWEST = 4;

/** The devices of one lane, those that it has in use or not. */
export class LaneHardware {
  readonly name: string;
  readonly board: VirtualBoard;
  readonly camera: VirtualCamera;
  readonly scanner: VirtualScanner;
  readonly display: VirtualDisplay;
  readonly printer: VirtualPrinter;
  readonly terminal: VirtualTerminal;
  readonly hands: Hands;
  private readonly lies: Lies;
  private readonly faults: ReturnType<LaneHardware["faultsOf"]>;
  private readonly plan: LanePlan;
  private readonly gate: Gate;
  private readonly parts: DeviceParts;

  constructor(plan: LanePlan, gate: Gate, parts: DeviceParts) {
    [this.name, this.plan, this.gate, this.parts] = [plan.name, plan, gate, parts];
    const partsOf = (device: string): DeviceParts => ({ ...parts, random: parts.random.fork(device) });
    this.board = new VirtualBoard(partsOf("board"), {
      inputs: inputsOf(plan),
      contacts: gate.inputs,
      relay: gate.relay,
      inTheWay: () => this.inTheWay(),
    });
    this.lies = new Lies(this.board, partsOf("lies"));
    this.camera = new VirtualCamera(partsOf("camera"));
    this.scanner = new VirtualScanner(partsOf("scanner"));
    this.display = new VirtualDisplay(partsOf("display"));
    this.printer = new VirtualPrinter(partsOf("printer"));
    this.terminal = new VirtualTerminal(partsOf("terminal"));
    this.hands = this.handsOf(plan);
    this.faults = this.faultsOf();
  }

  fault(kind: FaultKind, on: boolean, choice: number): void {
    this.faults[kind]?.(on, choice);
  }

  /** Of this lane's devices; a fault of anything else is none here. */
  private faultsOf(): Partial<Record<FaultKind, (on: boolean, choice: number) => void>> {
    const { board, camera, printer, scanner, terminal, gate } = this;
    return {
      loop_stuck_on: (on, choice) => this.lie("always on", on, choice),
      loop_stuck_off: (on, choice) => this.lie("always off", on, choice),
      loop_flickers: (on, choice) => this.lie("flickers", on, choice),
      arm_jammed: (on) => gate.jamArm(on),
      arm_slow: (on, choice) => gate.slowArm(on ? 1 + choice * (SLOWEST - 1) : 1),
      board_silent: (on) => board.set("silent", on),
      board_reboots: (on) => (on ? board.reboot() : undefined),
      commands_lost: (on) => board.set("commandsLost", on),
      answers_lost: (on) => board.set("answersLost", on),
      events_doubled: (on) => board.set("eventsDoubled", on),
      events_late: (on) => board.set("eventsLate", on),
      camera_dead: (on) => void (camera.dead = on),
      camera_repeats: (on) => void (camera.repeats = on),
      paper_out: (on) => printer.set("paperOut", on),
      printer_jams: (on) => printer.set("jams", on),
      printer_silent: (on) => printer.set("silent", on),
      scanner_dead: (on) => scanner.setDead(on),
      terminal_declines: (on) => terminal.set("declines", on),
      terminal_vague: (on) => terminal.set("vague", on),
      terminal_silent: (on) => terminal.set("silent", on),
    };
  }

  private loopOf(choice: number): SensorInput {
    const { closing, photocell } = this.plan.has;
    const loops: SensorInput[] = ["arming", "safety"];
    if (closing) loops.push("closing");
    if (photocell) loops.push("photocell");
    return loops[Math.floor(choice * loops.length)] ?? "safety";
  }

  private lie(lie: Lie, on: boolean, choice: number): void {
    if (on) this.lies.begin(this.loopOf(choice), lie);
    else this.lies.end(this.loopOf(choice), lie);
  }

  /** As it truly is, in so far as the lane has detectors for it. */
  private inTheWay(): InTheWay {
    const { underneath, covered } = this.gate.inTheWay();
    const fitted: readonly LaneInput[] = inputsOf(this.plan);
    return { underneath, covered: covered.filter((input) => fitted.includes(input)) };
  }

  private press(input: LaneInput): void {
    this.board.force(input, true);
    later(this.parts, PRESSED_MS, () => this.board.force(input, null));
  }

  private handsOf({ has, name }: LanePlan): Hands {
    const { camera, printer, scanner, terminal, display } = this;
    return {
      camera: has.camera
        ? { see: (plate, confidence) => camera.see(deviceOf("camera", name), plate, confidence) }
        : null,
      button: has.printer ? { press: () => this.press("button") } : null,
      printer: has.printer ? { ticket: () => printer.ticket(), take: () => printer.take() } : null,
      scanner: has.scanner ? { show: (text) => scanner.show(text) } : null,
      terminal: has.terminal
        ? {
            waiting: () => terminal.waiting(),
            present: (card) => terminal.present(card),
            journal: (attemptId) => terminal.journal(attemptId),
          }
        : null,
      display: () => display.text,
    };
  }
}
