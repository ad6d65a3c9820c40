import { describe, expect, it } from "vitest";
import { cashSchema } from "@parkme/shared/protocol/kiosk";
import { mintKey } from "./mint-key.ts";

describe("idempotency keys", () => {
  it("are what the gate accepts, and never twice the same", () => {
    const keys = Array.from({ length: 1_000 }, mintKey);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every((key) => cashSchema.shape.idempotency_key.safeParse(key).success)).toBe(true);
  });
});
