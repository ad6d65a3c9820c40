import type { SensorInput } from "@parkme/shared/domain/lane";
import type { VirtualBoard } from "./board.ts";
import { later, type DeviceParts } from "./parts.ts";

export type Lie = "always on" | "always off" | "flickers";

/** A loop that flickers says for so long what is not so, and is right for so long in between. */
const FLICKERS_MS = [20, 120] as const;
const HOLDS_MS = [200, 3_000] as const;

/** Detectors of one lane that say something else than what is there. */
export class Lies {
  private readonly lies = new Map<SensorInput, { readonly lie: Lie }>();
  private readonly board: Pick<VirtualBoard, "force" | "level">;
  private readonly parts: DeviceParts;

  constructor(board: Pick<VirtualBoard, "force" | "level">, parts: DeviceParts) {
    [this.board, this.parts] = [board, parts];
  }

  /** Of two lies of one detector the later one is told. */
  begin(input: SensorInput, lie: Lie): void {
    this.lies.set(input, { lie });
    this.say(input, lie);
    this.board.force(input, lie === "flickers" ? null : lie === "always on");
    if (lie === "flickers") this.flicker(input);
  }

  end(input: SensorInput, lie: Lie): void {
    if (this.lies.get(input)?.lie !== lie) return;
    this.lies.delete(input);
    this.say(input, "what is there");
    this.board.force(input, null);
  }

  private say(input: SensorInput, says: Lie | "what is there"): void {
    this.parts.tell({ kind: "sensor", lane: this.parts.lane, input, says });
  }

  private flicker(input: SensorInput): void {
    const its = this.lies.get(input);
    const isOver = (): boolean => this.lies.get(input) !== its;
    later(this.parts, this.between(HOLDS_MS), () => {
      if (isOver()) return;
      this.board.force(input, !this.board.level(input));
      later(this.parts, this.between(FLICKERS_MS), () => {
        if (isOver()) return;
        this.board.force(input, null);
        this.flicker(input);
      });
    });
  }

  private between([least, most]: readonly [number, number]): number {
    return least + this.parts.random.int(most - least);
  }
}
