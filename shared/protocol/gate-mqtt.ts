import { z } from "zod";
import { LANE_INPUTS } from "../domain/lane.ts";

/**
 * The gate's MQTT topics (MQTT 3.1.1, QoS 1), for boards and cameras that speak our own protocol. Under
 * `parkme/<facility>/`:
 *
 * | topic                   | from   | retained  | payload            |
 * |-------------------------|--------|-----------|--------------------|
 * | `board/<board>/status`  | board  | yes, Will | {@link BoardStatus}  |
 * | `board/<board>/state`   | board  | yes       | {@link BoardState}   |
 * | `board/<board>/cmd`     | agent  | never     | {@link BoardCommand} |
 * | `board/<board>/ack`     | board  | no        | {@link BoardAck}     |
 * | `camera/<camera>/plate` | camera | no        | {@link PlateMessage} |
 * | `lane/<lane>/state`     | agent  | yes       | {@link LaneMessage}  |
 * | `agent/status`          | agent  | yes, Will | {@link AgentStatus}  |
 *
 * A command names the board's boot and a deadline on the board's own uptime, so a board needs no calendar
 * clock: a command that was queued, replayed, or meant for the board before it rebooted is dropped.
 */
const slug = /^[a-z0-9][a-z0-9-]{0,39}$/;
export const slugSchema = z.string().regex(slug, "must be lower-case letters, digits and dashes, 1..40 long");

export function gateTopics(facility: string) {
  const root = `parkme/${facility}`;
  return {
    boardStatus: (board: string) => `${root}/board/${board}/status`,
    boardState: (board: string) => `${root}/board/${board}/state`,
    boardCommand: (board: string) => `${root}/board/${board}/cmd`,
    boardAck: (board: string) => `${root}/board/${board}/ack`,
    cameraPlate: (camera: string) => `${root}/camera/${camera}/plate`,
    laneState: (lane: string) => `${root}/lane/${lane}/state`,
    agentStatus: () => `${root}/agent/status`,
  };
}

/** No message of this protocol is longer; anything longer is dropped unread. */
export const MAX_GATE_MESSAGE_BYTES = 16_384;

/** How often a board repeats its state even when nothing changes: the agent's proof that inputs are fresh. */
export const BOARD_HEARTBEAT_MS = 1_000;

const bootId = z.string().min(4).max(40);
const uptimeMs = z.number().int().nonnegative();
const point = z.string().regex(/^[a-z0-9_]{1,20}$/);

export const boardStatusSchema = z.object({
  online: z.boolean(),
  boot: bootId,
  firmware: z.string().max(60).optional(),
});
export type BoardStatus = z.infer<typeof boardStatusSchema>;

export const boardStateSchema = z.object({
  /** Changes at every start of the board. */
  boot: bootId,
  /** Counts messages since the boot; gaps and repeats show on it. */
  seq: z.number().int().nonnegative(),
  uptime_ms: uptimeMs,
  /** Input name to level; true = contact active (loop occupied, limit reached, beam broken). */
  inputs: z.record(point, z.boolean()),
  /** Rising edges of each input since the boot: proof of passages that nobody was listening to. */
  edges: z.record(point, z.number().int().nonnegative()),
  /** Relay name (`open1`, `close1`, ...) to level, read back from the coil. */
  outputs: z.record(point, z.boolean()),
});
export type BoardState = z.infer<typeof boardStateSchema>;

export const boardCommandSchema = z.object({
  id: z.uuid(),
  /** Start counter of the agent; a board drops commands with a lower one than it has seen. */
  epoch: z.number().int().positive(),
  /** The board's boot this command is meant for. */
  boot: bootId,
  /** On the board's uptime: not executed after this. */
  deadline_uptime_ms: uptimeMs,
  barrier: z.number().int().min(1).max(4),
  action: z.enum(["open", "close", "stop"]),
  /** Length of the relay pulse; the board keeps its own maximum as well. */
  pulse_ms: z.number().int().min(50).max(2_000),
});
export type BoardCommand = z.infer<typeof boardCommandSchema>;

export const boardAckSchema = z.object({
  id: z.uuid(),
  result: z.enum(["done", "duplicate", "late", "fenced", "rebooted", "invalid"]),
  uptime_ms: uptimeMs,
});
export type BoardAck = z.infer<typeof boardAckSchema>;

export const plateMessageSchema = z.object({
  /** The camera's own event id; the same id twice is the same read. */
  event_id: z.string().min(1).max(80),
  plate: z.string().min(1).max(64),
  /** 0..1; absent when the camera does not say. */
  confidence: z.number().min(0).max(1).optional(),
  direction: z.enum(["towards", "away", "unknown"]).default("unknown"),
  captured_at: z.iso.datetime({ offset: true }).optional(),
});
export type PlateMessage = z.input<typeof plateMessageSchema>;

export const laneMessageSchema = z.object({
  lane: slugSchema,
  state: z.string().max(20),
  since: z.iso.datetime(),
  plate: z.string().max(12).nullable(),
  display: z.string().max(120),
  /** What is known of the lane's inputs, those that are wired. */
  inputs: z.partialRecord(z.enum(LANE_INPUTS), z.enum(["on", "off", "unknown"])).optional(),
});
export type LaneMessage = z.infer<typeof laneMessageSchema>;

export const agentStatusSchema = z.object({ online: z.boolean(), epoch: z.number().int().positive() });
export type AgentStatus = z.infer<typeof agentStatusSchema>;
