import type { Count } from "../log.ts";
import { readStatusInformation, type StatusInformation } from "./zvt-fields.ts";
import { type Apdu, encodeApdu, isNegative, ZVT, ZvtDecoder } from "./zvt-frames.ts";
import { progressText } from "./zvt-texts.ts";

/** The terminal acknowledges a command within 5 s (T3, PA00P016, chapter 3.2). */
const ACKNOWLEDGE_MS = 5_000;
/** A terminal that always has something to say, but never an end, is given up. */
const MAX_DIALOGUE_MS = 600_000;

/** How a command ended. `status` = the latest Status-Information of it; null = there was none. */
export type DialogueEnd =
  /** It never left: nothing can have become of it. */
  | { readonly kind: "unsent"; readonly reason: string }
  /** The terminal did not take it on. */
  | { readonly kind: "refused"; readonly code: number }
  | { readonly kind: "completed"; readonly status: StatusInformation | null; readonly data: Uint8Array }
  | { readonly kind: "aborted"; readonly status: StatusInformation | null; readonly code: number }
  /** It may have been carried out, or still be: the line broke, or the terminal fell silent. */
  | { readonly kind: "doubtful"; readonly status: StatusInformation | null; readonly reason: string };

export type DialogueOptions = {
  /** How long the terminal may say nothing while it is at work. */
  readonly silenceMs: number;
  readonly onProgress?: (text: string) => void;
};

type Running = {
  readonly options: DialogueOptions;
  readonly resolve: (end: DialogueEnd) => void;
  readonly limit: NodeJS.Timeout;
  silence: NodeJS.Timeout;
  /** The terminal has acknowledged the command, or begun to work on it. */
  taken: boolean;
  status: StatusInformation | null;
};

/**
 * Commands to a terminal, one at a time: it acknowledges, tells how it goes, and gives back the word with a
 * Completion or an Abort. Each of its messages is acknowledged, or it takes a payment back.
 */
export class ZvtDialogue {
  readonly #write: (bytes: Uint8Array) => boolean;
  readonly #count: Count;
  readonly #decoder = new ZvtDecoder();
  #running: Running | null = null;

  constructor(write: (bytes: Uint8Array) => boolean, count: Count) {
    this.#write = write;
    this.#count = count;
  }

  converse(control: number, data: Uint8Array, options: DialogueOptions): Promise<DialogueEnd> {
    if (this.#running !== null) return Promise.resolve({ kind: "unsent", reason: "the terminal is at work" });
    if (!this.#write(encodeApdu(control, data))) {
      return Promise.resolve({ kind: "unsent", reason: "the terminal cannot be reached" });
    }
    return new Promise((resolve) => {
      const silence = setTimeout(() => this.#doubt("the terminal does not answer"), ACKNOWLEDGE_MS);
      const limit = setTimeout(() => this.#doubt("the terminal comes to no end"), MAX_DIALOGUE_MS);
      this.#running = { options, resolve, silence, limit, taken: false, status: null };
    });
  }

  /** Sends a command that may interrupt the one that is running; its acknowledgement means nothing. */
  interrupt(control: number): void {
    if (this.#running !== null) this.#write(encodeApdu(control));
  }

  opened(): void {
    this.#decoder.reset();
  }

  closed(reason: string): void {
    this.#doubt(reason);
  }

  heard(chunk: Uint8Array): void {
    const rejectedBefore = this.#decoder.rejected;
    for (const apdu of this.#decoder.push(chunk)) this.#onApdu(apdu);
    if (this.#decoder.rejected > rejectedBefore) this.#count("zvt_garbage");
  }

  #onApdu({ control, data }: Apdu): void {
    if (control === ZVT.acknowledge || control === ZVT.acknowledgeToo) return this.#alive();
    if (isNegative(control)) return this.#onNegative(control & 0xff);
    this.#write(encodeApdu(ZVT.acknowledge));
    switch (control) {
      case ZVT.statusInformation:
        return this.#onStatus(readStatusInformation(data));
      case ZVT.intermediateStatus:
        this.#running?.options.onProgress?.(progressText(data));
        return this.#alive();
      case ZVT.completion:
        return this.#end((status) => ({ kind: "completed", status, data }));
      case ZVT.abort:
        return this.#end((status) => ({ kind: "aborted", status, code: data[0] ?? 0xff }));
      default:
        // Lines of a receipt, and whatever else it wants to be rid of.
        return this.#alive();
    }
  }

  #onNegative(code: number): void {
    // Once the command is taken on, this can only be about an interruption.
    if (this.#running?.taken === false) this.#end(() => ({ kind: "refused", code }));
  }

  #onStatus(status: StatusInformation): void {
    // Somebody has paid at the terminal itself, or it ends what we no longer wait for.
    if (this.#running === null) return this.#count("zvt_stray_transaction");
    this.#running.status = status;
    this.#alive();
  }

  #alive(): void {
    const running = this.#running;
    if (running === null) return;
    running.taken = true;
    clearTimeout(running.silence);
    const fallSilent = (): void => this.#doubt("the terminal has fallen silent");
    running.silence = setTimeout(fallSilent, running.options.silenceMs);
  }

  #doubt(reason: string): void {
    this.#end((status) => ({ kind: "doubtful", status, reason }));
  }

  #end(make: (status: StatusInformation | null) => DialogueEnd): void {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    clearTimeout(running.silence);
    clearTimeout(running.limit);
    running.resolve(make(running.status));
  }
}
