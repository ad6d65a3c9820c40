import { z } from "zod";

/**
 * The frames of Shelly devices of the second generation and later (JSON-RPC over MQTT), as far as relays and inputs
 * go. Source: Shelly API docs, Gen2: "RPC Protocol", "Notifications", "Switch", "Input", "Sys".
 */

export const answerSchema = z.object({
  id: z.union([z.number(), z.string().max(40)]),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string().max(400).default("") }).optional(),
});

export const notificationSchema = z.object({
  method: z.string().max(40),
  params: z.record(z.string(), z.unknown()).default({}),
});

const switchSchema = z.object({ output: z.boolean() });
const inputSchema = z.object({ state: z.boolean() });
const sysSchema = z.object({ uptime: z.number().optional(), cfg_rev: z.number().optional() });

/** What a status says; ids count from 0, as on the wire. Whatever it does not say is missing. */
export type ShellyStatus = {
  readonly outputs: ReadonlyMap<number, boolean>;
  readonly inputs: ReadonlyMap<number, boolean>;
  readonly uptimeS: number | null;
  /** Changes with every change of the settings. */
  readonly settings: number | null;
};

/**
 * Reads the result of Shelly.GetStatus, or the part of it that a notification carries. Never throws. An input of type
 * button has no state (null on the wire), so it is missing here.
 */
export function readStatus(components: unknown): ShellyStatus {
  const outputs = new Map<number, boolean>();
  const inputs = new Map<number, boolean>();
  const all = typeof components === "object" && components !== null ? Object.entries(components) : [];
  for (const [key, value] of all) {
    const [, kind, digits] = /^(switch|input):(\d{1,2})$/.exec(key) ?? [];
    if (kind === "switch") {
      const read = switchSchema.safeParse(value);
      if (read.success) outputs.set(Number(digits), read.data.output);
    } else if (kind === "input") {
      const read = inputSchema.safeParse(value);
      if (read.success) inputs.set(Number(digits), read.data.state);
    }
  }
  const sys = sysSchema.safeParse(all.find(([key]) => key === "sys")?.[1]);
  const { uptime = null, cfg_rev = null } = sys.success ? sys.data : {};
  return { outputs, inputs, uptimeS: uptime, settings: cfg_rev };
}

const switchConfigSchema = z.object({
  in_mode: z.string().max(40).optional(),
  initial_state: z.string().max(40).optional(),
  auto_on: z.boolean().optional(),
});

/**
 * Why a relay with these settings (the result of Switch.GetConfig) must not drive a gate; null = it may.
 * @param withInputs whether the device's inputs are loops and limits, which must switch nothing by themselves
 */
export function unfitness(settings: unknown, withInputs: boolean): string | null {
  const read = switchConfigSchema.safeParse(settings);
  if (!read.success) return "its settings cannot be read";
  const { in_mode: inMode, initial_state: initialState, auto_on: autoOn } = read.data;
  if (withInputs && inMode !== undefined && inMode !== "detached")
    return `its in_mode is ${inMode}, so an input moves the arm: set it to detached`;
  if (initialState !== undefined && initialState !== "off")
    return `its initial_state is ${initialState}, so power that comes back moves the arm: set it to off`;
  if (autoOn === true) return "its auto_on is set, so it comes on by itself: unset it";
  return null;
}
