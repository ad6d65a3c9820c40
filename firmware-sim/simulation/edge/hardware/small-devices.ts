import type {
  Camera,
  Display,
  Health,
  PlateRead,
  Reader,
  ReaderEvent,
} from "../../../../edge-agent/devices/ports.ts";
import type { Life } from "../../time/virtual-time.ts";
import { Ears } from "./ears.ts";
import { later, type DeviceParts } from "./parts.ts";

const FINE: Health = { ok: true, reason: "" };

/** A camera takes so long to read a plate; one that repeats itself tells of it once more, and once anew. */
const READ_MS = [80, 220] as const;
const REPEATS_MS = 300;
const REPEATS_ANEW_MS = 900;

export class VirtualCamera {
  dead = false;
  repeats = false;
  private serial = 0;
  private readonly ears: Ears<PlateRead>;
  private readonly parts: DeviceParts;

  constructor(parts: DeviceParts) {
    this.parts = parts;
    this.ears = new Ears(parts.time);
  }

  port(name: string, life: Life): Camera {
    return {
      name,
      start: (sink) => {
        this.ears.add(life, sink);
        return Promise.resolve();
      },
      stop: () => Promise.resolve(),
    };
  }

  /** A vehicle is in view. `plate` null = none can be made out. */
  see(camera: string, plate: string | null, confidence: number): void {
    if (this.dead) return;
    const { random } = this.parts;
    const [soonestMs, latestMs] = READ_MS;
    const inMs = soonestMs + random.int(latestMs - soonestMs);
    const read = this.readOf(camera, plate, confidence);
    this.ears.tell(read, inMs);
    if (!this.repeats) return;
    this.ears.tell(read, inMs + REPEATS_MS);
    this.ears.tell(this.readOf(camera, plate, confidence), inMs + REPEATS_ANEW_MS);
  }

  private readOf(camera: string, plate: string | null, confidence: number): PlateRead {
    const sourceId = `${camera} ${(this.serial += 1)}`;
    const raw = plate ?? "";
    return {
      camera,
      sourceId,
      raw,
      plate,
      confidence,
      direction: "towards",
      claimedAtMs: null,
      image: null,
    };
  }
}

const SCAN_MS = 150;

export class VirtualScanner {
  private dead = false;
  private readonly ears: Ears<ReaderEvent>;

  constructor({ time }: DeviceParts) {
    this.ears = new Ears(time);
  }

  port(name: string, life: Life): Reader {
    return {
      name,
      start: (sink) => {
        this.ears.add(life, sink);
        this.tellHealth();
        return Promise.resolve();
      },
      indicate: () => undefined,
      stop: () => Promise.resolve(),
    };
  }

  /** A code is held before it. */
  show(text: string): void {
    if (!this.dead) this.ears.tell({ kind: "credential", medium: "code", text }, SCAN_MS);
  }

  setDead(dead: boolean): void {
    this.dead = dead;
    this.tellHealth();
  }

  private tellHealth(): void {
    const health = this.dead ? { ok: false, reason: "the line is down" } : FINE;
    this.ears.tell({ kind: "health", health }, SCAN_MS);
  }
}

const SHOWS_MS = 20;

export class VirtualDisplay {
  /** What a driver reads. */
  text = "";
  private readonly parts: DeviceParts;

  constructor(parts: DeviceParts) {
    this.parts = parts;
  }

  port(name: string, life: Life): Display {
    return {
      name,
      start: (sink) => {
        this.parts.time.after(SHOWS_MS, () => sink(FINE), { life });
        return Promise.resolve();
      },
      show: (lines) => {
        if (life.alive) later(this.parts, SHOWS_MS, () => (this.text = lines.join("\n").trim()));
      },
      stop: () => Promise.resolve(),
    };
  }
}
