import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { parseConfig } from "../load.ts";

/** What the files in the folder of secrets hold, by name. */
export const SECRETS = {
  "edge-token": "tok-7f1d0c",
  "pin-alex": "481516",
  "key-entry-cam": "cam-key-90210",
  mqtt: "mq-password-1",
  zvt: "112233",
};

/** A configuration with every section in it. */
export const FULL = `facility:
  id: 019ab3c4-0000-7000-8000-000000000001
  slug: demo
  name: Harbour Square
  time_zone: Europe/Berlin
  currency: EUR
  capacity: 120
data_dir: ./edge
http: { host: 127.0.0.1, port: 8081 }
mqtt: { url: "mqtt://127.0.0.1:1883", username: gate, password_file: ./secrets/mqtt }
cloud:
  url: "http://127.0.0.1:8080"
  edge_id: 019ab3c4-0000-7000-8000-000000000002
  token_file: ./secrets/edge-token
attendants: [{ name: alex, pin_file: ./secrets/pin-alex }]
retention_days: 14
tariff:
  id: standard
  version: 1
  document:
    slabs:
      - { max_hours: 1, price: 5 }
      - { max_hours: 3, price: 12 }
      - { max_hours: null, price: 30 }
boards:
  - { name: entry-board, driver: mqtt }
  - { name: exit-board, driver: pcless, tcp: "127.0.0.1:9101" }
cameras:
  - { name: entry-cam, driver: hikvision, key_file: ./secrets/key-entry-cam }
  - { name: exit-cam, driver: mqtt }
lanes:
  - name: entry
    title: Entry 1
    direction: entry
    camera: entry-cam
    barrier: { board: entry-board, number: 1, pulse_ms: 500, rated_ms: 1500 }
    inputs: { arming: in1, safety: in2, closing: in3, open_limit: in4, closed_limit: in5 }
  - name: exit
    title: Exit 1
    direction: exit
    camera: exit-cam
    barrier: { board: exit-board, number: 1, pulse_ms: 1000, rated_ms: 1500 }
    inputs: { arming: in1, safety: in2, closing: in3, closed_limit: in4 }
    timers: { clear_ms: 2000 }
`;

/** The full configuration with some of its texts replaced. */
export function changed(...changes: readonly (readonly [from: string, to: string])[]): string {
  let text = FULL;
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`nothing to change: ${from}`);
    text = text.replace(from, to);
  }
  return text;
}

/** Number of the first line with this mark in it, from 1. */
export function lineOf(text: string, mark: string): number {
  return text.slice(0, text.indexOf(mark)).split("\n").length;
}

export type Site = ReturnType<typeof createSite>;

/** A folder with the secrets in it, as the configuration names them. */
export function createSite() {
  const folder = mkdtempSync(join(tmpdir(), "parkme-config-"));
  mkdirSync(join(folder, "secrets"));
  for (const [name, secret] of Object.entries(SECRETS))
    writeFileSync(join(folder, "secrets", name), `${secret}\n`, { mode: 0o600 });
  return {
    folder,
    /** What is wrong with a configuration in this folder, a line each; none when it is sound. */
    problemsOf(text: string): string[] {
      const parsed = parseConfig(text, folder);
      return parsed.ok ? [] : describeProblems("edge.yaml", parsed.error).split("\n");
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
