import type { Clock } from "@parkme/shared/domain/clock";

/** What time it is in the cloud, as this program heard it: by no clock of the gate, which may be years off. */
export type CloudTime = {
  /**
   * The cloud said what time it is, in an answer to what was asked at a monotonic time of ours.
   *
   * @param nowIso RFC 3339.
   */
  readonly heard: (nowIso: string, askedMs: number) => void;
  /** Unix milliseconds, never earlier than it is: as if the answer had come at once. Null = it was never heard. */
  readonly nowMs: () => number | null;
};

export function createCloudTime({ monotonicMs }: Pick<Clock, "monotonicMs">): CloudTime {
  let heard: { readonly cloudMs: number; readonly askedMs: number } | null = null;
  return {
    heard: (nowIso, askedMs) => {
      heard = { cloudMs: Date.parse(nowIso), askedMs };
    },
    nowMs: () => heard && heard.cloudMs + (monotonicMs() - heard.askedMs),
  };
}
