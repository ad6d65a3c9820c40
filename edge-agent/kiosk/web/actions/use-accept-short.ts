import { useState } from "react";
import type { Answer } from "../gate/answer.ts";

/**
 * A drawer short of change is told of once, before anything is taken (409 `change_short`): who confirms again means it.
 *
 * @returns the sending, with whether that is accepted.
 */
export function useAcceptShort<Body, Value>(
  send: (key: string, body: Body, acceptShort: boolean) => Promise<Answer<Value>>,
): (key: string, body: Body) => Promise<Answer<Value>> {
  const [warned, setWarned] = useState(false);
  return async (key, body) => {
    const answer = await send(key, body, warned);
    setWarned(answer.kind === "refused" && answer.code === "change_short");
    return answer;
  };
}
