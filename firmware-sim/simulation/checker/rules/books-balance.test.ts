import { describe, expect, it } from "vitest";
import { goodDay, stayOf, type Day } from "../testing/day.ts";
import { SCHEDULE } from "../testing/places.ts";

const judged = (spoil: (rows: Day["gate"]["rows"], day: Day) => void): string[] => {
  const day = goodDay();
  spoil(day.gate.rows, day);
  return day.judged(SCHEDULE, ["books-balance"]);
};

describe("the books balance", () => {
  it("on a good day", () => {
    expect(judged(() => undefined)).toEqual([]);
  });

  it("break where a stay is said to owe what its entries do not come to", () => {
    const { stayId } = stayOf(1, 0);
    expect(judged((_rows, day) => day.gate.change(stayId, { balanceMinor: 1 }))).toEqual([
      `books-balance: stay ${stayId} is said to owe 1, and its entries sum to 0`,
    ]);
  });

  it("break where a payment's entries do not say what it says", () => {
    const wrong = judged((rows) => {
      rows.payments = rows.payments.map((payment) =>
        payment.method === "cash" ? { ...payment, changeMinor: 300, tenderedMinor: 900 } : payment,
      );
    });
    expect(wrong).toHaveLength(1);
    const odd = judged((rows) => {
      rows.payments = rows.payments.map((payment) => ({
        ...payment,
        tenderedMinor: payment.tenderedMinor + 1,
      }));
    });
    expect(odd).toHaveLength(2);
  });

  it("break where receipts have a gap, were changed, or are missing", () => {
    expect(judged((rows) => void rows.receipts.shift())).toHaveLength(3);
    expect(judged((rows) => void rows.receipts.pop())).toHaveLength(1);
    const changed = judged((rows) => {
      rows.receipts = rows.receipts.map((receipt) => ({
        ...receipt,
        text: receipt.text.replace("600", "500"),
      }));
    });
    expect(changed).toEqual(["books-balance: receipt 2 does not bear the hash of its text"]);
  });

  it("may miss a receipt that was lost with a file that was put back, and have none twice", () => {
    const restored = (day: Day): void => {
      const fault = { kind: "fault", id: 1, fault: "edge_restored", target: "" } as const;
      day.tell({ ...fault, on: true }, { ...fault, on: false });
    };
    const lost = judged((rows, day) => {
      restored(day);
      rows.payments.shift();
      rows.receipts.shift();
    });
    expect(lost).toEqual([]);
    const twice = judged((rows, day) => {
      restored(day);
      rows.receipts = rows.receipts.map((receipt) => ({ ...receipt, number: 2 }));
    });
    expect(twice).toContain("books-balance: the numbers of receipts have a gap or a double at 2: 2");
  });

  it("may have a payment without a receipt where a restore has set that of its stay aside", () => {
    const without = (stay: string) =>
      judged((rows) => {
        rows.receipts.pop();
        const row = JSON.stringify({ stay_id: stay });
        rows.conflicts = [{ tableName: "receipts", row, reason: "taken" }];
      });
    expect(without(stayOf(1, 0).stayId)).toEqual([]);
    expect(without(stayOf(2, 0).stayId)).toHaveLength(1);
  });

  it("break where a Z report is missing", () => {
    const shift = { attendant: "alex", floatMinor: 0, closedAtMs: 1, countedMinor: 0, expectedMinor: 0 };
    const wrong = judged((rows) => {
      rows.shifts = [1, 3].map((zNumber) => ({ ...shift, id: `shift-${zNumber}`, zNumber }));
    });
    expect(wrong).toEqual(["books-balance: the numbers of Z reports have a gap or a double at 2: 3"]);
  });
});
