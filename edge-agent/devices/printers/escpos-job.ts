import { ok, type Result } from "@parkme/shared/domain/result";
import type { PrintDocument } from "../ports.ts";
import type { EscposPrinterConfig } from "./escpos-config.ts";
import { feed, renderDocument } from "./escpos-document.ts";

const ESC = 0x1b;
const FS = 0x1c;
const GS = 0x1d;

/**
 * Everything that is sent for one ticket, in pieces of whole commands.
 *
 * @param mark four printable characters that the printer repeats when it is done, where it can.
 */
export function jobPieces(
  document: PrintDocument,
  mark: string,
  config: EscposPrinterConfig,
): Result<Uint8Array[], string> {
  const body = renderDocument(document, {
    columns: config.columns,
    codePages: config.code_pages,
    qr: config.qr,
    qrModuleDots: config.qr_module_dots,
  });
  return body.ok ? ok([prologue(config), ...body.value, epilogue(mark, config)]) : body;
}

function prologue(config: EscposPrinterConfig): Uint8Array {
  const reset = [ESC, 0x40];
  // Otherwise a country setting replaces # $ @ [ \ ] and their like.
  const plainAscii = [ESC, 0x52, 0];
  const noKanji = config.cancel_kanji ? [FS, 0x2e] : [];
  return Uint8Array.from([...reset, ...plainAscii, ...noKanji, ...automaticStatus(config)]);
}

/** GS a: tell changes of online and offline, errors, and paper. The reset before each ticket switches it off. */
export function automaticStatus({ asb }: EscposPrinterConfig): Uint8Array {
  return asb ? Uint8Array.of(GS, 0x61, 0x0e) : new Uint8Array();
}

function epilogue(mark: string, config: EscposPrinterConfig): Uint8Array {
  return Uint8Array.from([...feed(config.feed_lines), ...cut(config), ...question(mark, config)]);
}

function cut({ cut: kind, presenter, present_steps: steps }: EscposPrinterConfig): readonly number[] {
  // KPM210/216 manual, "correct sequence to print a ticket": total cut, then GS e 3 presents it.
  if (presenter === "custom") return [ESC, 0x69, GS, 0x65, 3, steps];
  // GS V, function B: feeds to the blade by itself.
  if (kind === "none") return [...feed(4)];
  return [GS, 0x56, kind === "full" ? 65 : 66, 0];
}

function question(mark: string, { confirm }: EscposPrinterConfig): readonly number[] {
  if (confirm === "process_id") return [GS, 0x28, 0x48, 6, 0, 48, 48, ...Buffer.from(mark, "latin1")];
  return confirm === "status" ? [GS, 0x72, 1] : [];
}

/** Takes the ticket in the presenter back (GS e 2), or drops it (GS e 5). */
export function clearPresenter({ untaken }: EscposPrinterConfig): Uint8Array {
  return Uint8Array.of(GS, 0x65, untaken === "retract" ? 2 : 5);
}

/** ESC p: the pulse in units of 2 ms, and four times as long a rest, which spares the drawer's coil. */
export function drawerKick({ drawer_pin, drawer_pulse_ms }: EscposPrinterConfig): Uint8Array {
  const on = Math.round(drawer_pulse_ms / 2);
  return Uint8Array.of(ESC, 0x70, drawer_pin === 2 ? 0 : 1, on, Math.min(255, 4 * on));
}
