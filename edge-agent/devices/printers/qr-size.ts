/**
 * Bytes that fit into a QR code of version 1..40 at error correction level M, in byte mode (ISO/IEC 18004, table 7).
 * A printer may do with a smaller version; it never needs a larger one.
 */
const CAPACITY = [
  14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779,
  857, 911, 997, 1059, 1125, 1190, 1264, 1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989, 2099, 2213, 2331,
];
const QUIET_ZONE = 4;
/** Smaller modules run into each other on thermal paper. */
const MIN_MODULE_DOTS = 3;

/** Modules along one side at most, without the quiet zone; null when no QR code holds as much. */
export function qrSideModules(bytes: number): number | null {
  const index = CAPACITY.findIndex((capacity) => bytes <= capacity);
  return index === -1 ? null : 21 + 4 * index;
}

/** Dots a module may have, at most `wanted`, so that code and quiet zone fit the paper; null when they do not. */
export function fittingModuleDots(sideModules: number, paperDots: number, wanted: number): number | null {
  const dots = Math.min(wanted, Math.floor(paperDots / (sideModules + 2 * QUIET_ZONE)));
  return dots < MIN_MODULE_DOTS ? null : dots;
}
