import { useState } from "react";
import { UnstyledButton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCircle, IconCircleCheckFilled } from "@tabler/icons-react";
import { LANE_MODES, type LaneMode } from "@parkme/shared/domain/lane-mode";
import type { SetMode } from "@parkme/shared/protocol/kiosk";
import type { GateApi } from "../gate/api.ts";
import { describeMode, MODE_TITLES } from "../logic/mode-words.ts";
import { ReasonDialog } from "./reason-dialog.tsx";
import { MODE_WORDS } from "./reasons.ts";
import classes from "./mode-dialog.module.css";

/** What a mode is set for. */
export type ModeSubject = Pick<SetMode, "scope" | "name"> & {
  readonly title: string;
  /** The mode that was set for it itself. */
  readonly current: LaneMode;
};

type Props = {
  readonly api: GateApi;
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly subject: ModeSubject;
  /** Why nothing can be done now, in words; null when it can. */
  readonly blocked: string | null;
};

/** Sets how a facility, a zone or a lane is run. */
export function ModeDialog({ api, opened, onClose, subject, blocked }: Props) {
  const { scope, name, title, current } = subject;
  const [chosen, setChosen] = useState<LaneMode | null>(null);

  function close(): void {
    setChosen(null);
    onClose();
  }

  return (
    <ReasonDialog
      opened={opened}
      onClose={close}
      subject={title}
      words={MODE_WORDS}
      incomplete={chosen === null || chosen === current}
      fields={(frozen) => (
        <ModeChoice chosen={chosen ?? current} {...{ scope, current, frozen }} onChoose={setChosen} />
      )}
      blocked={blocked}
      send={(_key, reason) => api.setMode({ scope, name, mode: chosen ?? current, reason })}
      onDone={() =>
        notifications.show({
          color: "green",
          title,
          message: `Now: ${MODE_TITLES[chosen ?? current]}. It is recorded.`,
        })
      }
    />
  );
}

type ChoiceProps = {
  readonly scope: SetMode["scope"];
  readonly chosen: LaneMode;
  readonly current: LaneMode;
  readonly frozen: boolean;
  readonly onChoose: (mode: LaneMode) => void;
};

function ModeChoice({ scope, chosen, current, frozen, onChoose }: ChoiceProps) {
  return (
    <div className={classes["choice"]} role="radiogroup" aria-label="Mode">
      {LANE_MODES.map((mode) => (
        <UnstyledButton
          key={mode}
          className={classes["mode"] ?? ""}
          role="radio"
          aria-checked={mode === chosen}
          disabled={frozen}
          onClick={() => onChoose(mode)}
        >
          {mode === chosen ? (
            <IconCircleCheckFilled size={26} aria-hidden />
          ) : (
            <IconCircle size={26} aria-hidden />
          )}
          <span>
            <strong>
              {MODE_TITLES[mode]}
              {mode === current && <small>now</small>}
            </strong>
            {describeMode(mode, scope)}
          </span>
        </UnstyledButton>
      ))}
    </div>
  );
}
