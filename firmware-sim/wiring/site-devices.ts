import { resolve } from "node:path";
import type { DeviceOptions, SimDevice, Wire } from "../devices/device.ts";
import { deviceKinds } from "../devices/kinds.ts";
import type { Site } from "../site-file.ts";
import type { SiteDevice } from "../site-schema.ts";
import type { MqttLink } from "../transports/mqtt-client.ts";

/** What a device says that a bystander could see. */
export type Told = Parameters<DeviceOptions["say"]>[0];

/** A running device of the site. */
export type RunningDevice = {
  readonly name: string;
  readonly kind: string;
  /** The lane that it stands at; null = at none. */
  readonly lane: string | null;
  readonly device: SimDevice;
};

/** How the site's devices reach its broker. */
export function mqttLink(site: Site): MqttLink {
  const { url, username, password_file } = site.mqtt;
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(password_file === undefined ? {} : { password: site.secret(password_file) }),
  };
}

/**
 * Starts the devices and cables of a site, each the one that `parkme-sim device` starts alone. What is started is
 * told to `stops` at once. Rejects when a port cannot be had or a setting is wrong, with the device's name.
 */
export async function startSiteDevices(
  site: Site,
  onTold: (name: string, told: Told) => void,
  stops: (() => Promise<void>)[],
): Promise<Map<string, RunningDevice>> {
  const running = new Map<string, RunningDevice>();
  const start = async (name: string, kind: string, wire: Wire, settings: SiteDevice["settings"]) => {
    const device = await startOne(kind, { name, wire, settings, say: (told) => onTold(name, told) });
    stops.push(device.stop);
    const lane = site.lanes.find(({ devices }) => devices.includes(name))?.name ?? null;
    running.set(name, { name, kind, lane, device });
  };
  for (const { name, listen, to } of site.network.cables)
    await start(name, "tcp-cable", { kind: "listen", ...addressOf(listen) }, { to });
  for (const one of site.devices) await start(one.name, one.kind, wireOf(site, one), one.settings);
  return running;
}

async function startOne(kind: string, options: DeviceOptions): Promise<SimDevice> {
  const known = deviceKinds[kind];
  if (known === undefined) throw new Error(`${options.name}: there is no device ${kind}`);
  try {
    return await known.start(options);
  } catch (error) {
    if (error instanceof Error) error.message = `${options.name}: ${error.message}`;
    throw error;
  }
}

function wireOf(site: Site, { serial, baud, listen, folder }: SiteDevice): Wire {
  if (serial !== undefined) return { kind: "serial", path: resolve(site.folder, serial), baud };
  if (listen !== undefined) return { kind: "listen", ...addressOf(listen) };
  if (folder !== undefined) return { kind: "folder", path: resolve(site.folder, folder) };
  return { kind: "mqtt", ...mqttLink(site) };
}

/** Of `host:port`. */
export function addressOf(text: string): { readonly host: string; readonly port: number } {
  const [host = "", port] = text.split(":");
  return { host, port: Number(port) };
}
