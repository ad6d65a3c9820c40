/**
 * What the gate has acknowledged, kept away from its disk: answers of the pay desk, commands on the wire, rows on the
 * attendant's page, and what the cloud has taken of the log. All of it must be there after whatever happens.
 */
export type Acknowledged = {
  readonly stays: Map<string, { readonly ticket: string }>;
  readonly payments: Map<string, { readonly stayId: string; readonly amountMinor: number }>;
  /** By number: what the receipt is of. */
  readonly receipts: Map<number, ReceiptOf>;
  /** Z reports by number: of which shift. */
  readonly zReports: Map<number, string>;
  /** Keys of vends by hand. */
  readonly vends: Set<string>;
  /** Ids of commands that went to a board: the intent was on the disk before. */
  readonly commands: Set<string>;
  /** Plates that an arm was opened for: their stays were on the disk before. */
  readonly letIn: Set<string>;
  /** Movements that the page showed. */
  readonly movements: Set<string>;
  /** What the cloud has committed of the log. */
  readonly taken: Map<number, LogMark>;
  /** Numbers that were given twice. */
  readonly doubles: string[];
};

export type ReceiptOf = { readonly paymentId: string; readonly kind: "payment" | "refund" };
export type LogMark = { readonly epoch: number; readonly hash: string };

export function nothingYet(): Acknowledged {
  return {
    stays: new Map(),
    payments: new Map(),
    receipts: new Map(),
    zReports: new Map(),
    vends: new Set(),
    commands: new Set(),
    letIn: new Set(),
    movements: new Set(),
    taken: new Map(),
    doubles: [],
  };
}

/** A numbered paper was handed out. The same number for something else is a number given twice. */
export function noteReceipt(known: Acknowledged, number: number, of: ReceiptOf): void {
  const before = known.receipts.get(number);
  if (before !== undefined && (before.paymentId !== of.paymentId || before.kind !== of.kind))
    known.doubles.push(`receipt ${number} was given to ${before.paymentId} and to ${of.paymentId}`);
  known.receipts.set(number, of);
}

export function noteZReport(known: Acknowledged, number: number, shiftId: string): void {
  const before = known.zReports.get(number);
  if (before !== undefined && before !== shiftId)
    known.doubles.push(`Z report ${number} was given to ${before} and to ${shiftId}`);
  known.zReports.set(number, shiftId);
}

/** How many acknowledgements there are. */
export function countOf(known: Acknowledged): number {
  const { stays, payments, receipts, zReports, vends, commands, letIn, movements, taken } = known;
  const parts = [stays, payments, receipts, zReports, vends, commands, letIn, movements, taken];
  return parts.reduce((sum, { size }) => sum + size, 0);
}
