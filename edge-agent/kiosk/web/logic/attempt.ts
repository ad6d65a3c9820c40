import type { Answer } from "../gate/answer.ts";

/**
 * One thing an attendant wants done, from the form to the gate's word. The point is the step `unanswered`: the
 * request may have arrived or not, so what was sent is frozen and only the very same may be sent again, under
 * the same key. Only a definite answer ends it.
 */
export type Attempt<Body, Value> =
  | { readonly step: "editing"; readonly refusal: string | null }
  | { readonly step: "sending"; readonly key: string; readonly body: Body }
  | { readonly step: "unanswered"; readonly key: string; readonly body: Body; readonly message: string }
  | { readonly step: "done"; readonly body: Body; readonly value: Value };

export const FRESH = { step: "editing", refusal: null } as const;

/** What to send now: `body` under `newKey`, or again what got no answer. */
export function begin<Body, Value>(
  attempt: Attempt<Body, Value>,
  body: Body,
  newKey: string,
): Extract<Attempt<Body, Value>, { step: "sending" }> {
  if (attempt.step === "unanswered") return { step: "sending", key: attempt.key, body: attempt.body };
  return { step: "sending", key: newKey, body };
}

export function conclude<Body, Value>(
  sent: { readonly key: string; readonly body: Body },
  answer: Answer<Value>,
): Attempt<Body, Value> {
  switch (answer.kind) {
    case "done":
      return { step: "done", body: sent.body, value: answer.value };
    case "refused":
      return { step: "editing", refusal: answer.message };
    case "signed_out":
      return { step: "editing", refusal: "You are signed out. Nothing was done." };
    case "unanswered":
      return { step: "unanswered", key: sent.key, body: sent.body, message: answer.message };
    default:
      return answer satisfies never;
  }
}
