import { useState } from "react";
import { ActionIcon, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAdjustments, IconArrowsExchange, IconDots, IconLockOpen } from "@tabler/icons-react";
import type { LaneMode } from "@parkme/shared/domain/lane-mode";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import type { GateApi } from "../gate/api.ts";
import { turnOffer } from "../logic/turn.ts";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { ModeDialog } from "./mode-dialog.tsx";
import { NO_CONTACT } from "./no-contact.ts";
import { ReasonDialog } from "./reason-dialog.tsx";
import { HOLD_WORDS } from "./reasons.ts";
import classes from "./lane-actions.module.css";

type Props = {
  readonly api: GateApi;
  readonly lane: LaneView;
  readonly ownMode: LaneMode;
  readonly stale: boolean;
};

type Dialog = "hold" | "turn" | "mode";

/** What is seldom wanted of a lane: behind one button, so that it is not pressed by mistake. */
export function LaneMenu({ api, lane, ownMode, stale }: Props) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = (): void => setDialog(null);
  const blocked = stale ? NO_CONTACT : null;
  const turn = turnOffer(lane);
  return (
    <>
      <Menu position="top-end" width={280} shadow="lg" disabled={stale}>
        <Menu.Target>
          <ActionIcon
            className={classes["more"] ?? ""}
            variant="default"
            disabled={stale}
            aria-label={`More for ${lane.name}`}
          >
            <IconDots size={28} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown className={classes["menu"] ?? ""}>
          {lane.state !== "HELD_OPEN" && (
            <Menu.Item leftSection={<IconLockOpen size={24} />} onClick={() => setDialog("hold")}>
              Hold open…
            </Menu.Item>
          )}
          {turn !== null && (
            <Menu.Item leftSection={<IconArrowsExchange size={24} />} onClick={() => setDialog("turn")}>
              {turn.offer}…
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconAdjustments size={24} />} onClick={() => setDialog("mode")}>
            Mode…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ReasonDialog
        opened={dialog === "hold"}
        onClose={close}
        subject={lane.name}
        words={HOLD_WORDS}
        blocked={blocked}
        send={(_key, reason) => api.hold(lane.lane, { reason })}
        onDone={() => tell(lane, "The arm is held open. It is recorded.")}
      />
      {turn !== null && (
        <ConfirmDialog
          opened={dialog === "turn"}
          onClose={close}
          title={`${lane.name}: ${turn.offer.toLowerCase()}`}
          explanation={turn.explanation}
          confirm={turn.offer}
          blocked={blocked}
          send={() => api.turn(lane.lane, { direction: turn.direction })}
          onDone={() => tell(lane, turn.done)}
        />
      )}
      <ModeDialog
        api={api}
        opened={dialog === "mode"}
        onClose={close}
        subject={{ scope: "lane", name: lane.lane, title: lane.name, current: ownMode }}
        blocked={blocked}
      />
    </>
  );
}

function tell(lane: LaneView, message: string): void {
  notifications.show({ color: "green", title: lane.name, message });
}
