import { gpioKind } from "../boards/gpio-device.ts";
import { modbusKind } from "../boards/modbus-device.ts";
import { esphomeKind } from "../boards/mqtt-relays/esphome-device.ts";
import { mqttBoardKind } from "../boards/mqtt-relays/mqtt-board-device.ts";
import { shellyKind } from "../boards/mqtt-relays/shelly-device.ts";
import { tasmotaKind } from "../boards/mqtt-relays/tasmota-device.ts";
import { zigbee2mqttKind } from "../boards/mqtt-relays/zigbee2mqtt-device.ts";
import { pclessKind } from "../boards/pcless-device.ts";
import { kmtronicKind } from "../boards/serial-relays/kmtronic-device.ts";
import { lcusKind } from "../boards/serial-relays/lcus-device.ts";
import { numatoKind } from "../boards/serial-relays/numato-device.ts";
import { tcpCableKind } from "../cables/cable-device.ts";
import { cd5220Kind } from "../displays/cd5220-device.ts";
import { escposKind } from "../printers/escpos-device.ts";
import { osdpKind } from "../readers/osdp-device.ts";
import { scannerKind } from "../readers/scanner-device.ts";
import { zvtKind } from "../terminals/zvt-device.ts";
import type { DeviceKind } from "./device.ts";

/** Every kind of device that `parkme-sim device` can be. */
export const deviceKinds: Readonly<Record<string, DeviceKind>> = {
  cd5220: cd5220Kind,
  escpos: escposKind,
  esphome: esphomeKind,
  gpio: gpioKind,
  kmtronic: kmtronicKind,
  lcus: lcusKind,
  modbus: modbusKind,
  "mqtt-board": mqttBoardKind,
  numato: numatoKind,
  osdp: osdpKind,
  pcless: pclessKind,
  scanner: scannerKind,
  shelly: shellyKind,
  tasmota: tasmotaKind,
  "tcp-cable": tcpCableKind,
  zigbee2mqtt: zigbee2mqttKind,
  zvt: zvtKind,
};
