import { z } from "zod";
import { LANE_INPUTS, LANE_STATES, type LaneInput } from "@parkme/shared/domain/lane";
import { gateTopics } from "@parkme/shared/protocol/gate-mqtt";
import type { MqttBus } from "./buses/mqtt-bus.ts";

/** The optional section `home_assistant:` of edge.yaml. */
export const homeAssistantConfigSchema = z.strictObject({
  /** Home Assistant's discovery prefix. */
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,60}$/, "must be one level of a topic")
    .default("homeassistant"),
});

export type HomeAssistantSite = {
  readonly prefix: string;
  /** Slug of the facility. */
  readonly facility: string;
  readonly facilityName: string;
  readonly lanes: readonly {
    readonly name: string;
    readonly title: string;
    /** The inputs this lane is wired to. */
    readonly inputs: readonly LaneInput[];
  }[];
};

/** A retained message by which Home Assistant learns of one entity. */
export type DiscoveryDocument = { readonly topic: string; readonly payload: string };

/**
 * What Home Assistant is told of a site (MQTT discovery: a document for each entity, one device for each lane): the
 * state of each lane, and each of its inputs, read from `lane/<lane>/state`. Nothing in it can be commanded: a home
 * automation must not open a gate.
 *
 * Source: Home Assistant docs, "MQTT" (discovery), "MQTT Sensor", "MQTT Binary sensor".
 */
export function homeAssistantDocuments(site: HomeAssistantSite): readonly DiscoveryDocument[] {
  const { prefix, facility, facilityName } = site;
  const topics = gateTopics(facility);
  return site.lanes.flatMap(({ name, title, inputs }) => {
    const device = `parkme_${facility}_${name}`;
    const common = {
      device: {
        identifiers: [device],
        name: `${facilityName} ${title}`,
        manufacturer: "ParkMe",
        model: "Gate lane",
      },
      origin: { name: "ParkMe Gate" },
      state_topic: topics.laneState(name),
      availability_topic: topics.agentStatus(),
      availability_template: "{{ 'online' if value_json.online else 'offline' }}",
    };
    const document = (component: "sensor" | "binary_sensor", entity: string, more: object) => ({
      topic: `${prefix}/${component}/${device}/${entity}/config`,
      payload: JSON.stringify({ unique_id: `${device}_${entity}`, ...common, ...more }),
    });
    return [
      document("sensor", "state", {
        name: "State",
        device_class: "enum",
        options: LANE_STATES,
        value_template: "{{ value_json.state }}",
      }),
      ...inputs.map((input) => document("binary_sensor", input, { name: TITLES[input], ...levelOf(input) })),
    ];
  });
}

const TITLES: Readonly<Record<LaneInput, string>> = {
  arming: "Arming loop",
  safety: "Safety loop",
  closing: "Closing loop",
  photocell: "Photocell",
  open_limit: "Open limit",
  closed_limit: "Closed limit",
  button: "Ticket button",
  fire: "Fire",
  stop: "Stop",
  key_switch: "Key switch",
};

/** `None` is what Home Assistant calls unknown: an input that is not known must not look clear. */
function levelOf(input: LaneInput) {
  return {
    value_template: `{% set level = (value_json.inputs | default({})).${input} | default('') %}{{ level if level in ['on', 'off'] else 'None' }}`,
    payload_on: "on",
    payload_off: "off",
  };
}

/** Documents are said a few at a time: hundreds at once would stand in the way of a command. */
const BATCH = 10;
const BATCH_MS = 100;

/**
 * Says these documents whenever the broker is there, as the embedded one forgets what it retained; takes back those of
 * inputs that a lane does not have. What is left of lanes that were removed must be deleted in Home Assistant.
 * @returns how to end that
 */
export function announceToHomeAssistant(bus: MqttBus, site: HomeAssistantSite): () => void {
  const documents = homeAssistantDocuments(site);
  const topics = new Set(documents.map(({ topic }) => topic));
  const everyInput = site.lanes.map((lane) => ({ ...lane, inputs: LANE_INPUTS }));
  const obsolete = homeAssistantDocuments({ ...site, lanes: everyInput })
    .filter(({ topic }) => !topics.has(topic))
    .map(({ topic }) => ({ topic, payload: "" }));
  const all = [...obsolete, ...documents];
  let timer: NodeJS.Timeout | undefined;

  /** What the bus does not take is tried again. */
  function say(from: number): void {
    let next = from;
    while (next < Math.min(from + BATCH, all.length)) {
      const { topic, payload } = all[next] ?? { topic: "", payload: "" };
      if (!bus.publish(topic, payload, { retain: true })) break;
      next += 1;
    }
    if (next < all.length) timer = setTimeout(() => say(next), BATCH_MS);
  }

  const endLink = bus.onLink((connected) => {
    clearTimeout(timer);
    if (connected) say(0);
  });
  if (bus.connected()) say(0);
  return () => {
    endLink();
    clearTimeout(timer);
  };
}
