import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { embeddedDatabase } from "../site/cloud-database.ts";
import { databaseSeconds } from "./database-cpu.ts";
import { cpuSeconds, type Programs } from "./gate-run.ts";

/** What the API is measured on: the cloud with its database, many facilities and bookings, and the floors' program. */
export type Ground = {
  readonly url: string;
  readonly floorUrl: string;
  readonly facilities: readonly string[];
  /** Of each measure. */
  readonly seconds: number;
  readonly cpu: () => Cpu;
};

/** Processor time that has been used since the start, in seconds. */
export type Cpu = { readonly node: number; readonly postgres: number; readonly load: number };

/** Somebody who books. */
export type Driver = { readonly headers: Record<string, string>; readonly vehicleId: string };

/** @param size facilities, and bookings that are there before. */
export async function prepare(
  programs: Programs,
  size: { readonly facilities: string; readonly bookings: string },
  seconds: number,
): Promise<Ground> {
  const folder = join(programs.folder, "api-cloud");
  mkdirSync(folder, { recursive: true });
  const cloud = programs.run("cloud", "dist/cloud-api/main.mjs", [], {
    env: {
      PARKME_CLOUD_PORT: "0",
      PARKME_DATA_DIR: folder,
      PARKME_RATE_ANONYMOUS: "0",
      PARKME_RATE_SIGNED_IN: "0",
    },
  });
  const url = `http://127.0.0.1:${await cloud.ready}`;
  say(`${size.facilities} facilities and ${size.bookings} bookings ...`);
  const { host, port, user, password, database } = embeddedDatabase(folder);
  const databaseUrl = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  const args = [databaseUrl, size.facilities, size.bookings];
  const nodeArgs = ["--import", "tsx"];
  const floor = programs.run("api-floor", "cloud-api/bench/api-floor.ts", args, { nodeArgs });
  const floorUrl = `http://127.0.0.1:${await floor.ready}`;
  const facilities = await getJson<string[]>(`${floorUrl}/facilities`);
  const cpu = () => ({
    node: cpuSeconds(cloud.pid),
    postgres: databaseSeconds(folder),
    load: cpuSeconds(process.pid),
  });
  return { url, floorUrl, facilities, seconds, cpu };
}

/** A driver with a vehicle, by the API. */
export async function newDriver(url: string): Promise<Driver> {
  const email = `${randomUUID()}@example.test`;
  const password = randomUUID();
  await post(`${url}/api/users/`, {
    email,
    password,
    password_confirm: password,
    first_name: "Bench",
    last_name: "Driver",
    phone: "+4930123456",
  });
  const { access } = (await post(`${url}/api/auth/token/`, { email, password })) as { access: string };
  const headers = { authorization: `Bearer ${access}` };
  // It may stand on any spot.
  const wanted = { plate: "B AB 123", type: "car", ev: true, accessible: true };
  const { id } = (await post(`${url}/api/vehicles/`, wanted, headers)) as { id: string };
  return { headers, vehicleId: id };
}

export const say = (text: string): void => void process.stderr.write(`${text}\n`);

export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()) as T;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return await response.json();
}
