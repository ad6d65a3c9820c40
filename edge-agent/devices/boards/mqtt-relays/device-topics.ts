import { z } from "zod";
import type { MqttHandler } from "../../buses/mqtt-bus.ts";
import type { DeviceContext } from "../../context.ts";

/** A topic, or the part of it that a site chooses: no wildcards, none of the broker's own. */
export const topicSchema = z
  .string()
  .max(120)
  .regex(/^[^/+#$\p{Cc}][^+#\p{Cc}]*$/u, "must be a topic without wildcards")
  .refine((topic) => !topic.endsWith("/"), "must not end with a slash");

/** Names of a board's relays and inputs where the configuration gives them. */
export const pointNameSchema = z.string().regex(/^[a-z0-9_]{1,20}$/, "must be a name such as r1 or in1");

/** What a driver hears on the bus, with one end to all of it. */
export type DeviceTopics = {
  readonly hear: (topic: string, handler: MqttHandler) => void;
  /**
   * Watches a topic that commands the device. A command that the broker retains there was somebody's mistake, and the
   * device would carry it out whenever it connects (safety invariant 11): it is wiped, and said so.
   */
  readonly guard: (topic: string) => void;
  readonly end: () => void;
};

export function createDeviceTopics(board: string, { bus, log, count }: DeviceContext): DeviceTopics {
  const heard: (readonly [string, MqttHandler])[] = [];
  function hear(topic: string, handler: MqttHandler): void {
    heard.push([topic, handler]);
    bus.subscribe(topic, handler);
  }
  return {
    hear,
    guard(topic) {
      hear(topic, ({ payload, retained }) => {
        if (!retained || payload.length === 0) return;
        count("mqtt_retained_command");
        const wiped = bus.publish(topic, "", { retain: true });
        log.warn({ board, topic, wiped }, "a command was retained by the broker");
      });
    },
    end() {
      for (const [topic, handler] of heard.splice(0)) bus.unsubscribe(topic, handler);
    },
  };
}

/** The text of a message that has no structure, such as ON; null = too long to be one. */
export function wordOf(payload: Uint8Array): string | null {
  return payload.length > 64 ? null : Buffer.from(payload).toString("utf8").trim();
}

/** ON and OFF as most firmware spells them; null = something else. */
export function onOffOf(word: string | null): boolean | null {
  if (word === "ON") return true;
  if (word === "OFF") return false;
  return null;
}

/** Matches these names and no others. */
export function oneOf(names: readonly string[]): RegExp {
  return new RegExp(`^(?:${names.join("|")})$`);
}
