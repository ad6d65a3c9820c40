import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  isJpegStart,
  MAX_PICTURE_BYTES,
  MAX_PICTURE_CHUNK,
  pictureProgressSchema,
  wrongOffsetSchema,
} from "@parkme/shared/protocol/pictures";
import { z } from "zod";
import type { PictureUpload } from "../store/picture-uploads.ts";
import type { Store } from "../store/store.ts";
import { reasonOf } from "./cloud-http.ts";
import type { CloudAnswer } from "./cloud-request.ts";
import { createNap, type Timers } from "./nap.ts";

export type PictureSendingOptions = {
  readonly store: Pick<Store, "nextPicture" | "pictureSent" | "pictureDone" | "pictureFailed">;
  /** Where a picture lies; null when the text is no id. */
  readonly pathOf: (id: string) => string | null;
  /** Puts a chunk; throws when there is no answer. */
  readonly put: (
    chunk: {
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly bytes: Uint8Array;
    },
    stopping: AbortSignal,
  ) => Promise<CloudAnswer>;
  /** Lines of the log that wait: they go first. */
  readonly pending: () => number;
  /** So much of the line is the pictures'. */
  readonly bytesPerSecond?: number;
  /** 0..1, for jitter. */
  readonly random: () => number;
  readonly timers?: Timers;
  readonly note: { readonly warn: (fields: object, message: string) => void };
};

export type PictureSending = {
  readonly start: () => void;
  readonly stop: () => Promise<void>;
};

const BYTES_PER_SECOND = 64 * 1024;
/** A backlog from here on needs the line for itself. */
const BUSY_LINES = 500;
const LOOK_MS = 10_000;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** Tries to find where the cloud is, within one picture. */
const MOST_TURNS = 3;

/** `wait` = not now; `failed` = it is not tried again. */
type Outcome = "sent" | "wait" | "failed";

/**
 * Sends pictures to the cloud: one at a time, slowly, and only while the log has caught up. What was sent stays sent,
 * also over a restart. One that the cloud does not want is marked, and holds up nobody.
 */
export function createPictureSending(options: PictureSendingOptions): PictureSending {
  const { store, note, random } = options;
  const stopping = new AbortController();
  const nap = createNap(stopping.signal, options.timers);
  const send = sender(options, nap.sleep, stopping.signal);
  let complained = false;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      try {
        const next = isBusy(options) ? null : store.nextPicture();
        if (next === null || (await send(next)) === "wait") await nap.sleep(LOOK_MS * (0.5 + random()));
        [retryMs, complained] = [FIRST_RETRY_MS, false];
      } catch (error) {
        complain(error);
        await nap.sleep(retryMs * (0.5 + random()));
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      }
    }
  }

  function complain(error: unknown): void {
    if (!complained && !stopping.signal.aborted)
      note.warn({ reason: reasonOf(error) }, "pictures cannot be sent to the cloud");
    complained = true;
  }

  return {
    start: () => {
      running = run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

const isBusy = ({ pending }: Pick<PictureSendingOptions, "pending">): boolean => pending() >= BUSY_LINES;

/** Sends one picture, or what is left of it. Throws when the cloud cannot take anything now. */
function sender(
  options: PictureSendingOptions,
  sleep: (ms: number) => Promise<void>,
  stopping: AbortSignal,
): (upload: PictureUpload) => Promise<Outcome> {
  const { store, bytesPerSecond = BYTES_PER_SECOND } = options;

  async function send(upload: PictureUpload): Promise<Outcome> {
    const { pictureId } = upload;
    const path = options.pathOf(pictureId);
    const bytes = path === null ? "it has no name" : await readFile(path).catch(unreadable);
    const wrong = typeof bytes === "string" ? bytes : problemOf(bytes);
    if (typeof bytes === "string" || wrong !== null) return fail(pictureId, wrong ?? "");
    return await sendChunks(upload, bytes);
  }

  async function sendChunks({ pictureId, subject, sent }: PictureUpload, bytes: Buffer): Promise<Outcome> {
    const announced = {
      "content-type": "application/octet-stream",
      "upload-length": String(bytes.byteLength),
      "upload-sha256": createHash("sha256").update(bytes).digest("hex"),
      "upload-subject": subject,
    };
    let offset = Math.min(sent, bytes.byteLength);
    for (let turns = 0; turns < MOST_TURNS;) {
      if (isBusy(options) || stopping.aborted) return "wait";
      const chunk = bytes.subarray(offset, offset + MAX_PICTURE_CHUNK);
      const answer = await options.put(
        {
          path: `/api/edge/pictures/${pictureId}`,
          headers: { ...announced, "upload-offset": String(offset) },
          bytes: chunk,
        },
        stopping,
      );
      const heard = hear(answer);
      if (heard.kind === "refused") return fail(pictureId, heard.reason);
      if (heard.kind === "complete") {
        store.pictureDone(pictureId);
        return "sent";
      }
      // Where the cloud is elsewhere than we thought, it is right; but not for ever.
      if (heard.kind === "elsewhere" || heard.received <= offset) turns++;
      offset = Math.min(heard.received, bytes.byteLength);
      store.pictureSent(pictureId, offset);
      await sleep((chunk.byteLength * 1_000) / bytesPerSecond);
    }
    return fail(pictureId, "the cloud does not get on with it");
  }

  function fail(pictureId: string, reason: string): "failed" {
    store.pictureFailed(pictureId, reason);
    return "failed";
  }

  return send;
}

function problemOf(bytes: Buffer): string | null {
  if (bytes.byteLength > MAX_PICTURE_BYTES) return "it is too large";
  return isJpegStart(bytes) ? null : "it is no JPEG";
}

type Heard =
  | { readonly kind: "complete" }
  | { readonly kind: "on" | "elsewhere"; readonly received: number }
  | { readonly kind: "refused"; readonly reason: string };

/** Refused for what it is: the same would be refused tomorrow. */
const refusalSchema = z.object({
  code: z.enum([
    "invalid",
    "no_such_picture",
    "other_picture",
    "not_a_picture",
    "too_long",
    "body_too_large",
  ]),
});
const spoiltSchema = z.object({ code: z.literal("wrong_digest") });

/** @throws when the cloud cannot take anything now. */
function hear({ status, body }: CloudAnswer): Heard {
  const progress = status === 200 ? pictureProgressSchema.safeParse(body) : null;
  if (progress?.success === true) {
    const { complete, received } = progress.data;
    return complete ? { kind: "complete" } : { kind: "on", received };
  }
  const elsewhere = status === 409 ? wrongOffsetSchema.safeParse(body) : null;
  if (elsewhere?.success === true) return { kind: "elsewhere", received: elsewhere.data.received };
  // Spoilt on its way: once more from its beginning, as often as for a place that was lost.
  if (spoiltSchema.safeParse(body).success) return { kind: "elsewhere", received: 0 };
  const refusal = refusalSchema.safeParse(body);
  if (status >= 400 && refusal.success) return { kind: "refused", reason: refusal.data.code };
  throw new Error(`status ${status}`);
}

function unreadable(error: unknown): string {
  const gone = error instanceof Error && "code" in error && error.code === "ENOENT";
  return gone ? "it was deleted before it was sent" : `it cannot be read: ${reasonOf(error)}`;
}
