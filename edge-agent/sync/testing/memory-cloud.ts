import { gunzipSync } from "node:zlib";
import {
  batchHeaderSchema,
  GENESIS_HASH,
  helloSchema,
  logEventSchema,
  type HelloAnswer,
  type LogAck,
  type LogPlace,
  type LogRefusal,
  type Window,
} from "@parkme/shared/protocol/log";
import { hashAfter } from "../../store/log-writer.ts";
import type { Line } from "../post-batch.ts";

export const EDGE_ID = "019ab3c4-0000-7000-8000-000000000002";
const NOW = "2026-01-01T00:00:00.000Z";

export type Reply = { readonly status: number; readonly body: unknown };

/** What a batch was, as the cloud read it. */
export type SeenBatch = { readonly first: number; readonly last: number; readonly waiting: number };

/** The cloud's side of the log, for one edge: it verifies the chain, and keeps what holds. */
export function createMemoryCloud() {
  const lines: Line[] = [];
  let epoch = 1;
  let bootId: string | null = null;
  const formerBoots = new Set<string>();
  const window: Window = { events: 500, pause_ms: 0 };
  const cloud = {
    lines,
    window,
    now: NOW,
    signingKey: "key-1",
    seen: [] as SeenBatch[],
    hellos: [] as { readonly claim: boolean; readonly acked: number }[],
    hello,
    take,
    setEpoch: (next: number): void => void (epoch = next),
    /** As of an earlier moment: what came later is lost. */
    restoreTo: (seq: number): void => void lines.splice(seq),
    /** Another program says hello. */
    fence: (by: string): void => claim(by),
  };

  function placeAt(seq: number): LogPlace {
    return { epoch, seq, hash: lines[seq - 1]?.hash ?? GENESIS_HASH };
  }

  function claim(boot: string): void {
    if (bootId !== null && bootId !== boot) formerBoots.add(bootId);
    bootId = boot;
  }

  function hello(json: unknown): Reply {
    const said = helloSchema.parse(json);
    if (said.edge_id !== EDGE_ID) return { status: 401, body: { code: "unknown_edge" } };
    cloud.hellos.push({ claim: said.claim, acked: said.acked });
    if (said.claim) claim(said.boot_id);
    if (formerBoots.has(said.boot_id)) return refused(403, { code: "fenced" });
    const known = said.locator.filter(({ seq }) => seq <= lines.length);
    const common = known.find(({ seq, hash }) => placeAt(seq).hash === hash)?.seq ?? 0;
    const differs = known.some(({ seq, hash }) => placeAt(seq).hash !== hash);
    const adopt = differs || said.head.seq < lines.length || said.head.epoch < epoch;
    const answer: HelloAnswer = {
      verdict: adopt ? "adopt" : "go_on",
      head: placeAt(lines.length),
      common: placeAt(common),
      window: cloud.window,
      signing_key: cloud.signingKey,
      now: cloud.now,
    };
    return { status: 200, body: answer };
  }

  function take(gzipped: Buffer): Reply {
    const [headerText = "", ...texts] = gunzipSync(gzipped).toString("utf8").split("\n");
    texts.pop();
    const header = batchHeaderSchema.parse(JSON.parse(headerText));
    const { first, previous_hash: previous } = header;
    cloud.seen.push({ first, last: first + texts.length - 1, waiting: header.waiting });
    if (formerBoots.has(header.boot_id)) return refused(403, { code: "fenced" });
    if (header.epoch < epoch) return refused(403, { code: "old_epoch", epoch });
    if (first > lines.length + 1) return refused(409, { code: "sync_gap", expected: lines.length + 1 });
    if (placeAt(first - 1).hash !== previous)
      return refused(409, { code: "sync_fork", seq: Math.max(1, first - 1) });
    const read = chained(previous, first, texts);
    if (read === null || (read.at(-1)?.hash ?? previous) !== header.hash)
      return refused(422, { code: "broken_chain", seq: first });
    const fork = read.find(({ seq, hash }) => seq <= lines.length && placeAt(seq).hash !== hash);
    if (fork !== undefined) return refused(409, { code: "sync_fork", seq: fork.seq });
    // It is in the epoch of the last line that it has, as the real one is.
    epoch = Math.max(epoch, ...texts.map((text) => eventOf(text).epoch));
    lines.push(...read.filter(({ seq }) => seq > lines.length));
    const ack: LogAck = { ...placeAt(lines.length), window: cloud.window, now: cloud.now };
    return { status: 200, body: ack };
  }
  return cloud;
}

/** Null = they are not in order. */
function chained(previous: string, first: number, texts: readonly string[]): Line[] | null {
  let hash = previous;
  const read = texts.map((line, i) => {
    hash = hashAfter(hash, line);
    const { seq } = eventOf(line);
    return { seq: seq === first + i ? seq : NaN, line, hash };
  });
  return read.some(({ seq }) => Number.isNaN(seq)) ? null : read;
}

function eventOf(line: string) {
  return logEventSchema.parse(JSON.parse(line.split("\t")[0] ?? ""));
}

function refused(status: number, refusal: LogRefusal): Reply {
  return { status, body: refusal };
}
