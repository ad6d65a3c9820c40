import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import type { LaneLive, ScriptName, VehicleWish } from "../contract.ts";
import { api, type Act } from "./api.ts";
import app from "./app.module.css";
import classes from "./send-form.module.css";

type Kind = NonNullable<VehicleWish["kind"]>;

const KINDS: Record<Kind, string> = {
  car: "Car",
  van: "Van",
  motorcycle: "Motorcycle",
  scooter: "Scooter",
  truck: "Truck",
  high_truck: "High truck",
  car_with_trailer: "Car with trailer",
};
const SCRIPTS: Record<ScriptName, string> = {
  normal: "Normal",
  back_out: "Backs out",
  tailgate: "Tailgates",
  stall: "Stalls under arm",
  creeps: "Creeps",
  reverse_through: "Comes back out",
  wrong_way: "Into the exit",
};

type ChoiceProps<Value extends string> = {
  readonly label: string;
  readonly titles: Record<Value, string>;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
};

function Choice<Value extends string>({ label, titles, value, onChange }: ChoiceProps<Value>) {
  return (
    <Select
      label={label}
      size="sm"
      allowDeselect={false}
      value={value}
      data={(Object.keys(titles) as Value[]).map((one) => ({ value: one, label: titles[one] }))}
      onChange={(chosen) => chosen !== null && onChange(chosen)}
    />
  );
}

type Props = { readonly lanes: readonly LaneLive[]; readonly act: Act };

export function SendForm({ lanes, act }: Props) {
  const [plate, setPlate] = useState("ABC123");
  const [lane, setLane] = useState<string | null>(null);
  const [kind, setKind] = useState<Kind>("car");
  const [script, setScript] = useState<ScriptName>("normal");
  const [stay, setStay] = useState<number | string>("");
  const chosen = lane ?? lanes[0]?.name ?? null;
  const isEntry = lanes.find(({ name }) => name === chosen)?.direction === "entry";

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    await act(
      api.vehicle({
        plate,
        kind,
        script,
        ...(chosen === null ? {} : { lane: chosen }),
        ...(isEntry && typeof stay === "number" ? { stay_minutes: stay } : {}),
      }),
    );
  }

  return (
    <section className={app["card"]} aria-labelledby="send-title">
      <h2 id="send-title">Send a vehicle</h2>
      <form className={classes["form"]} onSubmit={(event) => void submit(event)}>
        <TextInput
          label="Plate"
          size="sm"
          value={plate}
          maxLength={20}
          required
          withAsterisk={false}
          autoComplete="off"
          spellCheck={false}
          classNames={{ input: classes["plate"] ?? "" }}
          onChange={(event) => setPlate(event.currentTarget.value.toUpperCase())}
        />
        <Select
          label="To lane"
          size="sm"
          allowDeselect={false}
          value={chosen}
          data={lanes.map(({ name }, index) => ({ value: name, label: `${index + 1}: ${name}` }))}
          onChange={setLane}
        />
        <Choice label="Vehicle" titles={KINDS} value={kind} onChange={setKind} />
        <Choice label="The driver" titles={SCRIPTS} value={script} onChange={setScript} />
        <NumberInput
          label="Stays, minutes"
          size="sm"
          min={0}
          max={10_080}
          placeholder="by chance"
          value={stay}
          disabled={!isEntry}
          onChange={setStay}
        />
        <Button type="submit" size="sm" className={classes["send"] ?? ""}>
          Send
        </Button>
      </form>
    </section>
  );
}
