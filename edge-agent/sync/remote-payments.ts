import { remotePaymentsSchema, type RemotePayment } from "@parkme/shared/protocol/remote-payments";
import { askCloud, reasonOf, type CloudAddress } from "./cloud-request.ts";
import { createNap } from "./nap.ts";

export type RemotePaymentOptions = CloudAddress & {
  /** How far the feed was taken, on the disk. */
  readonly cursor: () => number;
  readonly setCursor: (seq: number) => void;
  /**
   * Books a payment; again without effect. Throws when the disk refuses: it is asked for again. A stay that this gate
   * does not know is the callee's to make known: the feed goes on.
   */
  readonly apply: (payment: RemotePayment) => void;
  /** 0..1, for jitter. */
  readonly random: () => number;
  readonly note: {
    readonly warn: (fields: object, message: string) => void;
  };
  /** How long after an answer it is asked again. */
  readonly everyMs?: number;
};

export type RemotePaymentFeed = { readonly start: () => void; readonly stop: () => Promise<void> };

/** A driver at the exit waits for this. */
const ASK_EVERY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

/**
 * Takes what drivers paid elsewhere from the cloud, in its order. The cursor moves after a payment is booked: one that
 * was booked just before the power failed is taken again, and booked once by its key.
 */
export function createRemotePayments(options: RemotePaymentOptions): RemotePaymentFeed {
  const { everyMs = ASK_EVERY_MS, note } = options;
  const stopping = new AbortController();
  const nap = createNap(stopping.signal);
  /** One line per outage: a cloud that is away for weeks must not fill the disk with it. */
  let complained = false;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let waitMs = everyMs;
    while (!stopping.signal.aborted) {
      const taken = await take();
      if (taken === "failed") waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS);
      else waitMs = everyMs;
      if (taken !== "more") await nap.sleep(waitMs * (0.5 + options.random()));
    }
  }

  async function take(): Promise<"more" | "none" | "failed"> {
    try {
      const after = options.cursor();
      const { status, body } = await askCloud(options, `/api/edge/payments?after=${after}`, stopping.signal);
      const feed = status === 200 ? remotePaymentsSchema.safeParse(body) : null;
      if (feed?.success !== true)
        return failed(status === 200 ? "not a feed of payments" : `status ${status}`);
      for (const payment of feed.data.payments) {
        if (payment.seq !== options.cursor() + 1) return failed("the feed has a gap");
        options.apply(payment);
        options.setCursor(payment.seq);
      }
      complained = false;
      return feed.data.payments.length === 0 ? "none" : "more";
    } catch (error) {
      return failed(reasonOf(error));
    }
  }

  function failed(reason: string): "failed" {
    if (!complained && !stopping.signal.aborted)
      note.warn({ reason }, "online payments cannot be taken from the cloud");
    complained = true;
    return "failed";
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
