/** Thrown where a program dies: it goes no further. */
export class Killed extends Error {
  constructor() {
    super("the program was killed");
    this.name = "Killed";
  }
}

/** Where in a lane's turn a program may die: around its writing, or with the command on its lips. */
export type Moment = "before_commit" | "after_commit" | "before_command";

/** Kills a program at a place of its own code that was chosen before. */
export class Fate {
  private moment: Moment | null = null;
  private stepsLeft: number | null = null;
  private readonly kill: () => void;

  /** @param kill ends the program; after it nothing of it happens any more. */
  constructor(kill: () => void) {
    this.kill = kill;
  }

  inTurn(moment: Moment | null): void {
    this.moment = moment;
  }

  /** @param steps it dies at so many steps of its next start, or at its last one; null = it does not. */
  atStart(steps: number | null): void {
    this.stepsLeft = steps;
  }

  /** The program is at such a moment. @throws Killed when it dies there. */
  reach(moment: Moment): void {
    if (this.moment !== moment) return;
    this.moment = null;
    this.die();
  }

  /** One more step of the start is done. @throws Killed when it dies there. */
  stepped(isLast = false): void {
    if (this.stepsLeft === null) return;
    this.stepsLeft -= 1;
    if (this.stepsLeft > 0 && !isLast) return;
    this.stepsLeft = null;
    this.die();
  }

  private die(): never {
    this.kill();
    throw new Killed();
  }
}
