import { syncAckSchema, syncGapSchema, type SyncEvent } from "@parkme/shared/protocol/sync";
import { askCloud, reasonOf, type CloudAddress } from "./cloud-request.ts";

/** What the cloud said to one batch. Whatever is not a proper answer is `failed`, with the reason for the log. */
export type Answer =
  | { readonly kind: "acked"; readonly cursor: number }
  | { readonly kind: "gap"; readonly expected: number }
  | { readonly kind: "failed"; readonly reason: string };

/** Sends one batch; never throws. */
export async function postEvents(
  address: CloudAddress,
  events: readonly SyncEvent[],
  stopping: AbortSignal,
): Promise<Answer> {
  try {
    const batch = { edge_id: address.edgeId, events };
    const { status, body } = await askCloud(address, "/api/edge/events", stopping, batch);
    return readAnswer(status, body);
  } catch (error) {
    return { kind: "failed", reason: reasonOf(error) };
  }
}

function readAnswer(status: number, body: unknown): Answer {
  if (status === 200) {
    const ack = syncAckSchema.safeParse(body);
    return ack.success
      ? { kind: "acked", cursor: ack.data.cursor }
      : { kind: "failed", reason: "not an acknowledgement" };
  }
  const gap = status === 409 ? syncGapSchema.safeParse(body) : null;
  if (gap?.success === true) return { kind: "gap", expected: gap.data.expected };
  return { kind: "failed", reason: `status ${status}` };
}
