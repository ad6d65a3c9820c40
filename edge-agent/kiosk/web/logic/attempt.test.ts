import { describe, expect, it } from "vitest";
import type { Answer } from "../gate/answer.ts";
import { begin, conclude, FRESH, type Attempt } from "./attempt.ts";

type Cash = { readonly tenderedMinor: number };
type Taken = { readonly changeMinor: number };
const unanswered: Answer<Taken> = { kind: "unanswered", message: "no answer" };
const refused: Answer<Taken> = { kind: "refused", status: 409, code: "", message: "not now", retryAfterS: 0 };
const done: Answer<Taken> = { kind: "done", value: { changeMinor: 800 } };

describe("an attempt", () => {
  it("sends the very same again, under the same key, when there was no answer", () => {
    const first = begin<Cash, Taken>(FRESH, { tenderedMinor: 2000 }, "key-1");
    const lost = conclude(first, unanswered);
    const second = begin(lost, { tenderedMinor: 5000 }, "key-2");
    expect(second).toEqual({ step: "sending", key: "key-1", body: { tenderedMinor: 2000 } });
  });

  it("keeps the key over any number of retries, until there is a word", () => {
    let attempt: Attempt<Cash, Taken> = FRESH;
    for (let i = 0; i < 5; i++)
      attempt = conclude(begin(attempt, { tenderedMinor: 2000 }, `key-${i}`), unanswered);
    expect(attempt).toMatchObject({ step: "unanswered", key: "key-0" });
    expect(conclude(begin(attempt, { tenderedMinor: 1 }, "other"), done)).toEqual({
      step: "done",
      body: { tenderedMinor: 2000 },
      value: { changeMinor: 800 },
    });
  });

  it("starts anew, with a new key, after a refusal", () => {
    const again = conclude(begin<Cash, Taken>(FRESH, { tenderedMinor: 2000 }, "key-1"), refused);
    expect(again).toEqual({ step: "editing", refusal: "not now" });
    expect(begin(again, { tenderedMinor: 3000 }, "key-2")).toMatchObject({
      key: "key-2",
      body: { tenderedMinor: 3000 },
    });
  });

  it("says that nothing was done when the session had ended", () => {
    const ended = conclude(begin<Cash, Taken>(FRESH, { tenderedMinor: 2000 }, "key-1"), {
      kind: "signed_out",
    });
    expect(ended).toMatchObject({ step: "editing", refusal: expect.stringContaining("signed out") });
  });
});
