import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { readCode } from "@parkme/shared/domain/ticket-code";
import { describe, expect, it } from "vitest";
import { keyFolder, keyringIn } from "./testing/key-folder.ts";

const ROTATOR = fileURLToPath(new URL("./testing/rotator.ts", import.meta.url));
const ROUNDS = 5;

/** Lets keys be made, kills the program in the middle, and returns the codes that it had signed. */
async function rotateUntilKilled(folder: string, codes: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--import", "tsx", ROTATOR, folder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let said = "";
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.split("\n").length > codes) child.kill("SIGKILL");
  });
  const [, signal] = (await exited) as [number | null, string | null];
  expect(signal, `the program: ${complaint}`).toBe("SIGKILL");
  return said.split("\n").slice(0, -1);
}

describe("a program that is killed while it makes keys", () => {
  it(
    "leaves one key that signs, and every code that was ever signed is proven",
    { timeout: 120_000 },
    async () => {
      const folder = keyFolder();
      const codes: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        codes.push(...(await rotateUntilKilled(folder, 1 + Math.floor(Math.random() * 20))));
        const ring = keyringIn(folder, Date.now());
        expect(ring.keys().filter(({ signs }) => signs)).toHaveLength(1);
        for (const text of codes) {
          const code = readCode(text);
          expect(code.kind === "code" && ring.verify(code)).toBe("right");
        }
      }
      expect(codes.length).toBeGreaterThanOrEqual(ROUNDS);
    },
  );
});
