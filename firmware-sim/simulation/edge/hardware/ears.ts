import type { Life, VirtualTime } from "../../time/virtual-time.ts";

type Ear<Event> = { readonly life: Life; readonly hear: (event: Event) => void };

/**
 * The programs that listen to a device, mostly one. Each event reaches a program as a step of its own, and one that has
 * died hears nothing more.
 */
export class Ears<Event> {
  private ears: readonly Ear<Event>[] = [];
  private readonly time: VirtualTime;

  constructor(time: VirtualTime) {
    this.time = time;
  }

  add(life: Life, hear: (event: Event) => void): void {
    this.ears = [...this.ears.filter((ear) => ear.life.alive), { life, hear }];
  }

  /** @param only the one program that it is for; without it, all. */
  tell(event: Event, afterMs: number, only?: Life): void {
    for (const { life, hear } of this.ears) {
      if (only !== undefined && life !== only) continue;
      const step = (): boolean => {
        hear(event);
        // A gate decides at once; what it begins beside that waits for timers of its own.
        return false;
      };
      this.time.after(afterMs, step, { life });
    }
  }

  /** As {@link tell}, within the step that goes on. */
  tellNow(event: Event, only: Life): void {
    for (const { life, hear } of this.ears) if (life === only) hear(event);
  }
}
