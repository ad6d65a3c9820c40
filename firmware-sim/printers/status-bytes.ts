/** What is wrong with a printer, or not. */
export type Condition = {
  paper: "ok" | "low" | "out";
  /** The roll ends after so many lines; null = not soon. */
  linesLeft: number | null;
  isCoverOpen: boolean;
  isOffline: boolean;
  isJammed: boolean;
  isCutterStuck: boolean;
  isDrawerOpen: boolean;
  /** Stops dead after its third line, and still says that all is well. */
  stopsHalfway: boolean;
};

export const SOUND: Readonly<Condition> = {
  paper: "ok",
  linesLeft: null,
  isCoverOpen: false,
  isOffline: false,
  isJammed: false,
  isCutterStuck: false,
  isDrawerOpen: false,
  stopsHalfway: false,
};

export function isOnline({ paper, isCoverOpen, isOffline, isJammed, isCutterStuck }: Condition): boolean {
  return paper !== "out" && !isCoverOpen && !isOffline && !isJammed && !isCutterStuck;
}

/** The answer to DLE EOT n (Epson's command reference; 20 is Custom's); null for a number there is no answer to. */
export function realTimeStatus(n: number, condition: Condition, isPresented: boolean): number[] | null {
  const { paper, isCoverOpen, isJammed, isCutterStuck, isDrawerOpen } = condition;
  const isOut = paper === "out";
  const isLow = paper !== "ok";
  switch (n) {
    case 1:
      return [0x12 | bits([isDrawerOpen, 0x04], [!isOnline(condition), 0x08])];
    case 2:
      return [0x12 | bits([isCoverOpen, 0x04], [isOut, 0x20], [isJammed || isCutterStuck, 0x40])];
    case 3:
      return [0x12 | bits([isJammed, 0x04], [isCutterStuck, 0x08])];
    case 4:
      return [0x12 | bits([isLow, 0x0c], [isOut, 0x60])];
    case 20:
      return [
        0x10,
        0x0f,
        bits([isOut, 0x01], [isLow, 0x04], [isPresented, 0x20]),
        bits([isCoverOpen, 0x02]),
        bits([isJammed, 0x40]),
        bits([isCutterStuck, 0x01]),
      ];
    default:
      return null;
  }
}

/** The four bytes of the automatic status (GS a); the third is also the answer to GS r 1. */
export function automaticStatus(condition: Condition): readonly [number, number, number, number] {
  const { paper, isCoverOpen, isJammed, isCutterStuck, isDrawerOpen } = condition;
  return [
    0x10 | bits([isDrawerOpen, 0x04], [!isOnline(condition), 0x08], [isCoverOpen, 0x20]),
    bits([isJammed, 0x04], [isCutterStuck, 0x08]),
    bits([paper !== "ok", 0x03], [paper === "out", 0x0c]),
    0x0f,
  ];
}

function bits(...flags: readonly (readonly [boolean, number])[]): number {
  return flags.reduce((byte, [isOn, bit]) => (isOn ? byte | bit : byte), 0);
}
