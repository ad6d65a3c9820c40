import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { z } from "zod";
import { type LogPlace, logPlaceSchema, sha256Hex } from "@parkme/shared/protocol/log";
import type { HighWaterMark, LastNumbers } from "../store/numbers.ts";
import { jsonOf } from "./cloud-http.ts";

const count = z.number().int().nonnegative();
const markSchema = logPlaceSchema.extend({
  receiptNumber: count,
  receiptHash: sha256Hex.nullable(),
  zNumber: count,
  rowNumber: count,
});

/** A check, the mark as JSON, blanks up to this length and a line feed. One sector: it is written whole or not. */
const LENGTH = 512;
const CHECK_LENGTH = 16;

/**
 * How far the database had come, in a file beside it: a copy of the database has no part in it, so one that was put back
 * knows itself as old, also with the cloud out of reach. Written after each commit, without waiting for the disk: after
 * a power cut it may lag behind the database, but it never leads.
 */
export type HighWaterFile = {
  /** Null = there is none, or none that is whole: then nothing is known. */
  readonly read: () => HighWaterMark | null;
  /** Never throws: no lane is to suffer for it. */
  readonly write: (mark: HighWaterMark) => void;
  readonly close: () => void;
};

type Note = { readonly warn: (fields: object, message: string) => void };

export function openHighWater(path: string, note: Note): HighWaterFile {
  const bytes = Buffer.alloc(LENGTH);
  let file: number | null = null;
  let complained = false;
  return {
    read: () => {
      const text = beginningOf(path);
      if (text === null) return null;
      const mark = markOf(text);
      if (mark === null) note.warn({ path }, "the high-water mark is damaged: it is made anew");
      return mark;
    },
    write: (mark) => {
      try {
        file ??= openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
        bytes.write(textOf(mark), "latin1");
        writeSync(file, bytes, 0, LENGTH, 0);
      } catch (error) {
        if (!complained)
          note.warn({ err: error, path }, "the high-water mark cannot be written: a restore may go unseen");
        complained = true;
      }
    },
    close: () => {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

/** Exactly {@link LENGTH} characters, all of them ASCII. */
function textOf({ epoch, seq, hash, receiptNumber, receiptHash, zNumber, rowNumber }: HighWaterMark): string {
  const json = JSON.stringify({ epoch, seq, hash, receiptNumber, receiptHash, zNumber, rowNumber });
  return `${checkOf(json)} ${json}`.padEnd(LENGTH - 1).concat("\n");
}

function markOf(text: string): HighWaterMark | null {
  const json = text.slice(CHECK_LENGTH + 1).trimEnd();
  if (text.slice(0, CHECK_LENGTH) !== checkOf(json)) return null;
  return markSchema.safeParse(jsonOf(Buffer.from(json))).data ?? null;
}

function checkOf(json: string): string {
  return createHash("sha256").update(json).digest("hex").slice(0, CHECK_LENGTH);
}

/** Null = there is no file, or none that can be read. */
function beginningOf(path: string): string | null {
  try {
    const file = openSync(path, constants.O_RDONLY);
    try {
      const bytes = Buffer.alloc(LENGTH);
      return bytes.toString("latin1", 0, readSync(file, bytes, 0, LENGTH, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/** The part of the store that a mark is held against. */
export type MarkedStore = {
  readonly logHead: () => LogPlace;
  readonly hashAt: (seq: number) => string | null;
  readonly markRestored: (seq: number, known: LastNumbers) => void;
};

/**
 * Holds the mark of the last start against the database, before anything is written to it. A database that is older than
 * the mark, or has another line in its place, was put there by a person: what it numbers from now on is out of the way
 * of what the cloud knows.
 *
 * @returns whether it was restored.
 */
export function noticeRestore(mark: HighWaterMark | null, store: MarkedStore): boolean {
  if (mark === null || !isRestored(mark, store)) return false;
  store.markRestored(store.logHead().seq, mark);
  return true;
}

function isRestored(mark: HighWaterMark, store: MarkedStore): boolean {
  const head = store.logHead();
  // Written behind a restore that was finished; what was marked before is in it.
  if (mark.epoch !== head.epoch) return mark.epoch > head.epoch;
  if (mark.seq > head.seq) return true;
  const own = store.hashAt(mark.seq);
  return own !== null && own !== mark.hash;
}
