import { useState } from "react";
import type { Answer } from "../gate/answer.ts";
import { mintKey } from "../gate/mint-key.ts";
import { begin, conclude, FRESH, type Attempt } from "../logic/attempt.ts";

export type AttemptHandle<Body, Value> = {
  readonly attempt: Attempt<Body, Value>;
  /** Sends `body`, or again what got no answer. */
  readonly submit: (body: Body) => void;
  /** Back to an empty form; what was sent and not answered is forgotten. */
  readonly reset: () => void;
};

/**
 * Keeps one {@link Attempt} for as long as the component lives, whether its dialog is open or not. With `onDone`
 * a success ends there and the form is fresh again; without it, the step `done` stays on view.
 */
export function useAttempt<Body, Value>(
  send: (key: string, body: Body) => Promise<Answer<Value>>,
  onDone?: () => void,
): AttemptHandle<Body, Value> {
  const [attempt, setAttempt] = useState<Attempt<Body, Value>>(FRESH);

  async function run(body: Body): Promise<void> {
    const sending = begin(attempt, body, mintKey());
    setAttempt(sending);
    const next = conclude<Body, Value>(sending, await send(sending.key, sending.body));
    setAttempt(next.step === "done" && onDone !== undefined ? FRESH : next);
    if (next.step === "done") onDone?.();
  }

  return {
    attempt,
    submit: (body) => {
      if (attempt.step !== "sending") void run(body);
    },
    reset: () => setAttempt(FRESH),
  };
}
