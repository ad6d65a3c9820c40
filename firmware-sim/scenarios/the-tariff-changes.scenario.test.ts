import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tariffViewSchema } from "@parkme/shared/protocol/kiosk-desk";
import { layOutGround, openLot, type Lot } from "./lot.ts";
import { eventually } from "./stage.ts";

/** The office puts a new tariff where the gate looks for it, while vehicles are inside. */

const LONG_MS = 60_000;

describe("a tariff that is replaced while vehicles are inside", () => {
  it(
    "edge case 25: prices each stay by the version at its entry, or splits it; a corrupt file changes nothing",
    { timeout: 300_000 },
    async () => {
      const ground = await layOutGround();
      const file = join(ground.hardware.folder, "tariff.json");
      const put = (text: string): void => {
        writeFileSync(`${file}.new`, text);
        renameSync(`${file}.new`, file);
      };
      const version = (number: number, document: object): string =>
        JSON.stringify({ id: "standard", version: number, document });
      put(version(1, { flat: { price: 5 } }));
      const lot = await openLot(ground, { tariff: { file } });
      await lot.comeIn("BAA251");

      put(version(2, { flat: { price: 8 } }));
      await untilInForce(lot, 2);
      await lot.comeIn("HBB252");
      await leavePaying(lot, "BAA251", 500);

      // Half a file, then one that cannot be meant: an alarm, and the last good one stays, also over a restart.
      put(version(3, { flat: { price: 9 } }).slice(0, 40));
      await lot.desk.until("the alarm", refusedTariff, LONG_MS);
      put(version(3, { flat: { price: -9 } }));
      await eventually(
        "the other problem",
        () => lot.get("/api/tariff", tariffViewSchema),
        ({ refused }) => /flat\.price/.test(refused ?? ""),
        LONG_MS,
      );
      await lot.agent().stop();
      await lot.start();
      await lot.desk.until("the alarm", refusedTariff, LONG_MS);
      await untilInForce(lot, 2);
      await lot.comeIn("KCC253");
      await leavePaying(lot, "HBB252", 800);
      await leavePaying(lot, "KCC253", 800);

      // Mended, and one that splits: what was parked before the next change costs the old price, the rest the new.
      put(version(3, { flat: { price: 9 }, on_change: "split" }));
      await untilInForce(lot, 3);
      await lot.desk.until("the alarm to end", (seen) => !refusedTariff(seen), LONG_MS);
      await lot.comeIn("FDD254");
      put(version(4, { flat: { price: 2 } }));
      await untilInForce(lot, 4);
      const { trace } = await leavePaying(lot, "FDD254", 1_100);
      expect(trace.join("\n")).toMatch(/version 3[^]*version 4/i);
      expect(
        lot.rows("select tariff_version as version, fee_minor as fee from stays order by entry_at"),
      ).toEqual([
        { version: 1, fee: 500 },
        { version: 2, fee: 800 },
        { version: 2, fee: 800 },
        { version: 3, fee: 1_100 },
      ]);
    },
  );
});

async function leavePaying(lot: Lot, plate: string, amountMinor: number) {
  const fee = await lot.askedAtExit(plate);
  expect(fee.amountMinor).toBe(amountMinor);
  await lot.payAndLeave(fee);
  return fee;
}

async function untilInForce(lot: Lot, version: number): Promise<void> {
  await eventually(
    `version ${version} to be in force`,
    () => lot.get("/api/tariff", tariffViewSchema),
    ({ in_force: now }) => now?.version === version,
    LONG_MS,
  );
}

type Alarms = { readonly alarms: readonly { readonly kind: string; readonly ended_at: string | null }[] };
function refusedTariff({ alarms }: Alarms): boolean {
  return alarms.some(({ kind, ended_at: ended }) => kind === "tariff_refused" && ended === null);
}
