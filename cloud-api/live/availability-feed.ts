import type { WebSocket } from "ws";
import type { ChangeHub } from "./change-hub.ts";
import { sendText } from "./watchers.ts";

/** Several changes within this time are told as one. */
const GATHER_MS = 100;

export type AvailabilityFeed = {
  /** Sends how full a facility is now, and again whenever that changes. @returns what ends that. */
  readonly join: (facilityId: string, socket: WebSocket) => () => void;
};

type Room = { readonly sockets: Set<WebSocket>; last: string; timer: NodeJS.Timeout | null; end: () => void };

/** @param read how full a facility is now, past every cache; null = there is no such facility. */
export function createAvailabilityFeed(deps: {
  readonly hub: Pick<ChangeHub, "onChange">;
  readonly read: (facilityId: string) => Promise<object | null>;
  readonly log: { readonly warn: (fields: object, message: string) => void };
}): AvailabilityFeed {
  const { hub, read, log } = deps;
  const rooms = new Map<string, Room>();

  async function tell(facilityId: string, room: Room): Promise<void> {
    const text = JSON.stringify(await read(facilityId));
    if (text === room.last) return;
    room.last = text;
    for (const socket of room.sockets) sendText(socket, text);
  }

  function soon(facilityId: string, room: Room): void {
    room.timer ??= setTimeout(() => {
      room.timer = null;
      tell(facilityId, room).catch((error: unknown) => {
        log.warn({ err: error }, "the availability cannot be read");
        // The database comes back, and nobody would tell.
        if (room.sockets.size > 0) setTimeout(() => soon(facilityId, room), 1_000).unref();
      });
    }, GATHER_MS).unref();
  }

  function roomOf(facilityId: string): Room {
    const known = rooms.get(facilityId);
    if (known !== undefined) return known;
    const room: Room = { sockets: new Set(), last: "", timer: null, end: () => undefined };
    room.end = hub.onChange(facilityId, () => soon(facilityId, room));
    rooms.set(facilityId, room);
    return room;
  }

  return {
    join: (facilityId, socket) => {
      const room = roomOf(facilityId);
      room.sockets.add(socket);
      if (room.last === "") soon(facilityId, room);
      else sendText(socket, room.last);
      return () => {
        room.sockets.delete(socket);
        if (room.sockets.size > 0) return;
        room.end();
        if (room.timer !== null) clearTimeout(room.timer);
        rooms.delete(facilityId);
      };
    },
  };
}
