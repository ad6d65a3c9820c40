import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Device, Told } from "./hardware.ts";
import { eventually } from "./stage.ts";

/** Paper that came out of a simulated printer, as somebody reads it who holds it in his hands. */
export type Paper = {
  readonly lines: readonly string[];
  /** What a scanner reads off its picture; empty where there is no code on it. */
  readonly code: string;
  /** The ticket's number in plain writing; empty where there is none. */
  readonly number: string;
};

/** Waits for the paper of that number, counted from 1. */
export async function paperOf(printer: Device, count: number): Promise<Paper> {
  const all = await eventually(
    `paper ${count}`,
    () => papers(printer),
    ({ length }) => length >= count,
    40_000,
  );
  const { text, qr, file } = all[count - 1] ?? {};
  const lines = text as string[];
  const number = /PKM-[0-9A-Z]{8}/.exec(lines.join("\n"))?.[0] ?? "";
  const code = (qr as string[]).length === 0 ? "" : await scan(String(file));
  return { lines, code, number };
}

export function papers(printer: Device): readonly Told[] {
  return printer.said.filter(({ event }) => event === "ticket");
}

/** Without `--nodbus` it complains, at any moment, of a desktop that is not there. */
async function scan(file: string): Promise<string> {
  const options = ["-q", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable"];
  const { stdout } = await promisify(execFile)("zbarimg", [...options, file]);
  // A code may begin with a blank.
  return stdout.replace(/\n$/, "");
}
