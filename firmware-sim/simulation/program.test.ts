import { expect, it } from "vitest";
import { simulate } from "./program.ts";

const FLAGS = ["--seed", "1", "--cloud", "off", "--faults", "none"];

it("ends in the middle of a history when it is interrupted, and gives the process its own clock back", async () => {
  const interruption = new AbortController();
  const ownTimer = globalThis.setTimeout;
  const said: string[] = [];
  const out = {
    print: (text: string) => void said.push(text),
    complain: (text: string) => void said.push(text),
    progress: (text: string) => {
      if (text.startsWith("seed 1")) interruption.abort();
    },
  };
  expect(await simulate(FLAGS, out, interruption.signal)).toBe(130);
  expect(said).toEqual(["interrupted"]);
  expect(globalThis.setTimeout).toBe(ownTimer);
});
