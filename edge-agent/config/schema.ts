import { z } from "zod";
import { boardConfigSchema } from "../devices/registry/boards.ts";
import { homeAssistantConfigSchema } from "../devices/home-assistant.ts";
import { cameraConfigSchema } from "../devices/registry/cameras.ts";
import { displayConfigSchema } from "../devices/registry/displays.ts";
import { printerConfigSchema } from "../devices/registry/printers.ts";
import { readerConfigSchema } from "../devices/registry/readers.ts";
import { terminalConfigSchema } from "../devices/registry/terminals.ts";
import { deskSection, merchantsSection, receiptsSection, upiSection } from "./desk-section.ts";
import { facilitySection, title, uuid } from "./facility-section.ts";
import { laneSection } from "./lane-section.ts";
import { payStationsSection } from "./pay-station-section.ts";
import { ticketsSection } from "./tickets-section.ts";
import { tariffSection } from "./tariff-section.ts";

/** The agent's configuration file, `edge.yaml`: shapes, ranges and defaults. Secrets are named by file, never by value. */

const path = z.string().min(1).max(500);
const host = z.string().min(1).max(253);
const port = z.number().int().min(0).max(65_535);

/** An address without a user and a password: those belong into files. */
function address(protocol: RegExp, error: string) {
  return z
    .url({ protocol, error, abort: true })
    .refine((text) => !/^[a-z]+:\/\/[^/?#]*@/i.test(text), "must not hold a user or a password");
}

export const edgeConfigSchema = z.strictObject({
  facility: facilitySection,
  data_dir: path.default("./data"),
  http: z
    .strictObject({ host: host.default("127.0.0.1"), port: port.default(8081) })
    .default({ host: "127.0.0.1", port: 8081 }),
  mqtt: z.strictObject({
    url: address(/^mqtts?$/, "must be mqtt://host:port or mqtts://host:port"),
    username: z.string().min(1).max(120).optional(),
    password_file: path.optional(),
  }),
  cloud: z
    .strictObject({
      url: address(/^https?$/, "must be http:// or https://"),
      /** Of an edge that headquarters has provisioned. Without the two, the edge is known by `parkme-edge enroll`. */
      edge_id: uuid.optional(),
      token_file: path.optional(),
    })
    .superRefine(({ edge_id, token_file }, context) => {
      if ((edge_id === undefined) === (token_file === undefined)) return;
      const [missing, given] = edge_id === undefined ? ["edge_id", "token_file"] : ["token_file", "edge_id"];
      const message = `is missing: it goes with ${given}. Without both, the edge enrols: parkme-edge enroll`;
      context.addIssue({ code: "custom", path: [missing], message });
    })
    .optional(),
  attendants: z
    // A name goes with every payment and vend to the cloud, which takes 60 characters.
    .array(z.strictObject({ name: title.max(60), pin_file: path }))
    .max(200)
    .default([]),
  /** Pictures and plate reads older than this are deleted. */
  retention_days: z.number().int().min(1).max(3_650).default(30),
  /** How long the log is kept behind what the cloud has acknowledged: for a cloud that is restored to send it again to. */
  restore_window_days: z.number().int().min(1).max(3_650).default(35),
  tariff: tariffSection.optional(),
  boards: z.array(boardConfigSchema).min(1).max(64),
  cameras: z.array(cameraConfigSchema).max(64).default([]),
  readers: z.array(readerConfigSchema).max(64).default([]),
  printers: z.array(printerConfigSchema).max(64).default([]),
  displays: z.array(displayConfigSchema).max(64).default([]),
  terminals: z.array(terminalConfigSchema).max(64).default([]),
  lanes: z.array(laneSection).min(1).max(64),
  desk: deskSection.optional(),
  merchants: merchantsSection,
  pay_stations: payStationsSection,
  tickets: ticketsSection,
  upi: upiSection.optional(),
  receipts: receiptsSection.optional(),
  /** Tells Home Assistant of lanes and loops over the broker; it can look, not act. */
  home_assistant: homeAssistantConfigSchema.optional(),
});
export type EdgeFile = z.infer<typeof edgeConfigSchema>;
