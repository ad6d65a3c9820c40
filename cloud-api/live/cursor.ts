import { KEPT_MS, type ChangePlace } from "./changes.queries.ts";

/** A place in a facility's changes as watchers keep it: `xid.id.ms`. */
export function cursorOf({ xid, id, atMs }: ChangePlace): string {
  return `${xid}.${id}.${atMs}`;
}

/** @returns null for what is no cursor. */
export function readPlace(cursor: string): ChangePlace | null {
  const match = /^(\d{1,19})\.(\d{1,16})\.(\d{1,15})$/.exec(cursor);
  if (match === null) return null;
  const [, xid = "", id, atMs] = match;
  const place = { xid, id: Number(id), atMs: Number(atMs) };
  return Number.isSafeInteger(place.id) ? place : null;
}

/** What came behind it may be forgotten already. */
export function isForgotten({ atMs }: ChangePlace, nowMs: number): boolean {
  return atMs < nowMs - KEPT_MS;
}
