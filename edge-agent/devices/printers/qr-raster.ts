import { create } from "qrcode";

/** Rows of dots in one command: a small printer holds no more. */
const BAND_ROWS = 24;

/**
 * A QR code as raster images (GS v 0), one below the other, for printers that cannot draw one by themselves.
 * With modules of three dots and more no byte of the image looks like the start of a real-time command, which a
 * printer would obey in the middle of an image: 10 hex is a single dot between white ones.
 *
 * @param moduleDots 3 or more.
 */
export function rasterQr(data: string, moduleDots: number): Uint8Array[] {
  const { modules } = create(data, { errorCorrectionLevel: "M" });
  const sideDots = modules.size * moduleDots;
  const rowBytes = Math.ceil(sideDots / 8);
  const rows = Array.from({ length: modules.size }, (_, y) => {
    const row = new Uint8Array(rowBytes);
    for (let x = 0; x < sideDots; x++) {
      const isDark = modules.data[y * modules.size + Math.floor(x / moduleDots)] === 1;
      if (isDark) row[x >> 3] = (row[x >> 3] ?? 0) | (0x80 >> (x & 7));
    }
    return row;
  });
  const bands: Uint8Array[] = [];
  for (let top = 0; top < sideDots; top += BAND_ROWS) {
    const height = Math.min(BAND_ROWS, sideDots - top);
    const band = new Uint8Array(8 + height * rowBytes);
    band.set([0x1d, 0x76, 0x30, 0, rowBytes & 0xff, rowBytes >> 8, height, 0]);
    for (let y = 0; y < height; y++) {
      const row = rows[Math.floor((top + y) / moduleDots)];
      if (row !== undefined) band.set(row, 8 + y * rowBytes);
    }
    bands.push(band);
  }
  return bands;
}
