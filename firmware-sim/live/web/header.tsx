import { ActionIcon, Button, Slider, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import {
  IconFirstAidKit,
  IconMoon,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconSun,
} from "@tabler/icons-react";
import { useState } from "react";
import type { LiveState } from "../contract.ts";
import { api, type Act } from "./api.ts";
import classes from "./header.module.css";

type Props = { readonly state: LiveState; readonly connected: boolean; readonly act: Act };

export function Header({ state, connected, act }: Props) {
  const { counters, capacity, paused } = state;
  const broken = state.things.flatMap(({ faults }) => faults).filter(({ on }) => on === true).length;
  return (
    <header className={classes["header"]}>
      <div className={classes["title"]}>
        <h1>{state.facility}</h1>
        <p role="status" data-lost={!connected || undefined}>
          {connected ? (paused ? "The world stands still" : "Simulated site, live") : "The simulator is away"}
        </p>
      </div>
      <dl className={classes["figures"]}>
        <Figure label="Inside" value={`${counters.inside}/${capacity}`} />
        <Figure label="In" value={counters.in} />
        <Figure label="Out" value={counters.out} />
        <Figure label="Drove on" value={counters.drove_on} />
        <Figure label="Arm hits" value={counters.arm_hits} bad={counters.arm_hits > 0} />
      </dl>
      <Speed speed={state.speed} act={act} />
      <div className={classes["tools"]}>
        <Button
          size="sm"
          variant={broken > 0 ? "filled" : "default"}
          color="red"
          disabled={broken === 0}
          leftSection={<IconFirstAidKit size={18} aria-hidden />}
          onClick={() => void act(api.mendAll())}
        >
          Mend all{broken > 0 ? ` (${broken})` : ""}
        </Button>
        <Button
          size="sm"
          variant="default"
          aria-pressed={paused}
          leftSection={
            paused ? (
              <IconPlayerPlayFilled size={16} aria-hidden />
            ) : (
              <IconPlayerPauseFilled size={16} aria-hidden />
            )
          }
          onClick={() => void act(api.pause(!paused))}
        >
          {paused ? "Go on" : "Pause"}
        </Button>
        <SchemeSwitch />
      </div>
    </header>
  );
}

type FigureProps = { readonly label: string; readonly value: string | number; readonly bad?: boolean };

function Figure({ label, value, bad = false }: FigureProps) {
  return (
    <div data-bad={bad || undefined}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Shows the wish until the simulator has followed it, and then what the simulator says. */
function Speed({ speed, act }: { readonly speed: number; readonly act: Act }) {
  const [wish, setWish] = useState<number | null>(null);
  const shown = wish ?? speed;
  if (wish === speed) setWish(null);
  async function set(value: number): Promise<void> {
    if (!(await act(api.speed(value)))) setWish(null);
  }
  return (
    <div className={classes["speed"]}>
      <div className={classes["speedLine"]}>
        <span id="speed-label">Speed</span>
        <Slider
          aria-labelledby="speed-label"
          min={1}
          max={100}
          value={shown}
          label={null}
          thumbLabel="Speed"
          onChange={setWish}
          onChangeEnd={(value) => void set(value)}
        />
        <output>x{Math.round(shown)}</output>
      </div>
      <p>Drivers come oftener and stay shorter; arms and vehicles keep real time.</p>
    </div>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon
      size={36}
      variant="subtle"
      color="gray"
      aria-label={`Change to ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {scheme === "dark" ? <IconSun size={20} aria-hidden /> : <IconMoon size={20} aria-hidden />}
    </ActionIcon>
  );
}
