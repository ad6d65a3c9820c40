/** How a line is held when nothing drives it. */
export type Pull = "up" | "down" | "none";

/** One line of a GPIO chip, by its offset on the chip. */
export type GpioLine = {
  readonly name: string;
  readonly line: number;
  /** True = low on the wire means on. */
  readonly activeLow: boolean;
  /** Null = as it is. */
  readonly pull: Pull | null;
};

export type GpioWiring = {
  /** The chip's label, as `gpiodetect` shows it. */
  readonly chip: string;
  readonly relays: readonly GpioLine[];
  readonly inputs: readonly GpioLine[];
};

export type GpioEvents = {
  /** Some input has changed: a look is due. */
  readonly onEdge: () => void;
  /** The lines cannot be used any more; what is still open is to be closed. */
  readonly onFail: (reason: string) => void;
};

/** Lines that are ours until closed. At the beginning every relay is off. Rejections are Errors with a reason. */
export type GpioLines = {
  readonly read: () => Promise<{
    readonly levels: Readonly<Record<string, boolean>>;
    /** Null where outputs cannot be read back. */
    readonly outputs: Readonly<Record<string, boolean>> | null;
  }>;
  /** Energises a relay; resolves when the kernel has done it. Where it can, the backend ends it itself after `maxMs`. */
  readonly energise: (relay: string, maxMs: number) => Promise<void>;
  readonly letGo: (relay: string) => Promise<void>;
  /** False = changes are not told, only seen by looking. */
  readonly edges: boolean;
  /** What the backend could not do of what was asked, in words for an installer. */
  readonly remarks: readonly string[];
  /** Lets go of the relays and gives the lines back. */
  readonly close: () => Promise<void>;
};

export type OpenGpio = (wiring: GpioWiring, events: GpioEvents) => Promise<GpioLines>;

/** Runs every step, also when earlier ones fail. */
export async function runAll(steps: readonly (() => unknown)[]): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch {
      // What is being given up may be gone already.
    }
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
