import type { MakeRule } from "../rule.ts";

/**
 * The cloud answers everything that a gate and a network send it: no request is answered with a fault of its own, and no
 * batch is taken of which a line was changed on its way (SYNC.md).
 */
export const cloudAnswers: MakeRule = ({ accuse }) => ({
  end: ({ cloud, step, atMs }) => {
    for (const message of cloud?.wrongAnswers ?? []) accuse({ step, atMs, lane: null, visit: null, message });
  },
});
