import { z } from "zod";

/**
 * What Zigbee2MQTT says. Source: Zigbee2MQTT docs, "MQTT Topics and Messages", "Device-Availability" and "Settings"
 * (last_seen, cache_state_send_on_startup).
 */

export const deviceMessageSchema = z.record(z.string(), z.unknown());
type DeviceMessage = z.infer<typeof deviceMessageSchema>;

export const healthSchema = z.object({
  status: z.string().max(20),
  data: z.object({ healthy: z.boolean().optional() }).optional(),
  transaction: z.union([z.string().max(80), z.number()]).optional(),
});

const stateSchema = z.object({ state: z.string().max(20) });

/** `online` or `offline`, plain or as JSON; null = something else. */
export function availabilityOf(payload: Uint8Array): "online" | "offline" | null {
  if (payload.length > 64) return null;
  const text = Buffer.from(payload).toString("utf8").trim();
  if (text === "online" || text === "offline") return text;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return null;
  }
  const read = stateSchema.safeParse(document);
  if (!read.success) return null;
  return read.data.state === "online" || read.data.state === "offline" ? read.data.state : null;
}

/** When the device itself last spoke, Unix ms by the clock of Zigbee2MQTT; null = the message does not say. */
export function lastSeenOf({ last_seen: lastSeen }: DeviceMessage): number | null {
  const ms = typeof lastSeen === "string" ? Date.parse(lastSeen) : lastSeen;
  return typeof ms === "number" && Number.isFinite(ms) ? ms : null;
}

/**
 * Tells words of a device from repetitions by Zigbee2MQTT, which says everything it remembers when it starts, and
 * with every message of a device also what the device did not speak of.
 */
export type DeviceWords = {
  /**
   * How old this message's word on a property is, in ms; null = it is a repetition, or has no `last_seen`.
   * @param value of the property
   * @param limitMs older words are none
   */
  readonly ageMs: (
    message: DeviceMessage,
    property: string,
    value: unknown,
    limitMs: number,
  ) => number | null;
};

export function createDeviceWords(wallMs: () => number): DeviceWords {
  const heard = new Map<string, { readonly lastSeenMs: number; readonly value: unknown }>();
  return {
    ageMs(message, point, value, limitMs) {
      const lastSeenMs = lastSeenOf(message);
      if (lastSeenMs === null) return null;
      const before = heard.get(point);
      heard.set(point, { lastSeenMs, value });
      // The device has spoken since: now, whatever the clock of Zigbee2MQTT says.
      if (before !== undefined) return before.lastSeenMs !== lastSeenMs || before.value !== value ? 0 : null;
      const ageMs = Math.max(0, wallMs() - lastSeenMs);
      return ageMs > limitMs ? null : ageMs;
    },
  };
}
