import { useState } from "react";
import { Button, Checkbox, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { StayView } from "@parkme/shared/protocol/kiosk-desk";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import type { Answer } from "../gate/answer.ts";
import { fromLocalInput, toLocalInput } from "../logic/local-input.ts";
import type { StayDialogProps } from "./stay-dialog.ts";
import { STAY_WORDS } from "./stay-words.ts";
import classes from "./dialogs.module.css";

/** What a person sets right about a stay. */
export function AmendDialogs(props: StayDialogProps) {
  const { stay, stale, dialog, onClose, show } = props;
  const shared = {
    onClose,
    subject: stay.plate ?? stay.ticket_number,
    blocked: stale ? NO_CONTACT : null,
    onDone: () =>
      notifications.show({
        color: "green",
        title: stay.plate ?? stay.ticket_number,
        message: "It is recorded, and the fee follows.",
      }),
  };
  const shown = (answer: Answer<StayView>): Answer<StayView> => {
    if (answer.kind === "done") show(answer.value);
    return answer;
  };
  return (
    <>
      {dialog === "entry_time" && <EntryTime {...props} {...{ shared, shown }} />}
      {dialog === "vehicle" && <Vehicle {...props} {...{ shared, shown }} />}
      {dialog === "penalty" && <Penalty {...props} {...{ shared, shown }} />}
    </>
  );
}

type Part = StayDialogProps & {
  readonly shared: {
    readonly onClose: () => void;
    readonly subject: string;
    readonly blocked: string | null;
    readonly onDone: () => void;
  };
  readonly shown: (answer: Answer<StayView>) => Answer<StayView>;
};

function EntryTime({ api, snapshot, stay, nowMs, shared, shown }: Part) {
  const zone = snapshot.facility.time_zone;
  const [text, setText] = useState(toLocalInput(Date.parse(stay.entry_at), zone));
  const atMs = fromLocalInput(text, zone);
  const fits = atMs !== null && atMs <= nowMs;
  return (
    <ReasonDialog
      opened
      words={STAY_WORDS.entryTime}
      fields={(frozen) => (
        <TextInput
          type="datetime-local"
          label={`Came in (${zone})`}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          max={toLocalInput(nowMs, zone)}
          error={fits ? null : "must be a time that is over"}
          readOnly={frozen}
        />
      )}
      incomplete={!fits}
      send={async (_key, reason) =>
        shown(
          await api.money.setEntryTime(stay.stay_id, { entry_at: new Date(atMs ?? 0).toISOString(), reason }),
        )
      }
      {...shared}
    />
  );
}

/** Needs no reason by the gate's rule; the dialog asks for one all the same, so that nobody changes a price in passing. */
function Vehicle({ api, stay, offers, shared, shown }: Part) {
  const [vehicle, setVehicle] = useState(stay.vehicle);
  const types = [...new Set(["car", ...offers.vehicle_types, stay.vehicle.type])];
  return (
    <ReasonDialog
      opened
      words={STAY_WORDS.vehicle}
      fields={(frozen) => (
        <>
          <div className={classes["choices"]} role="group" aria-label="Kind of vehicle">
            {types.map((type) => (
              <Button
                key={type}
                variant={vehicle.type === type ? "filled" : "default"}
                aria-pressed={vehicle.type === type}
                disabled={frozen}
                onClick={() => setVehicle({ ...vehicle, type })}
              >
                {type}
              </Button>
            ))}
          </div>
          <div className={classes["pair"]}>
            <Checkbox
              size="lg"
              label="Electric"
              checked={vehicle.ev}
              disabled={frozen}
              onChange={(event) => setVehicle({ ...vehicle, ev: event.currentTarget.checked })}
            />
            <Checkbox
              size="lg"
              label="Accessible permit"
              checked={vehicle.accessible}
              disabled={frozen}
              onChange={(event) => setVehicle({ ...vehicle, accessible: event.currentTarget.checked })}
            />
          </div>
        </>
      )}
      send={async () => shown(await api.money.setVehicle(stay.stay_id, vehicle))}
      {...shared}
    />
  );
}

function Penalty({ api, money, stay, offers, shared, shown }: Part) {
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <ReasonDialog
      opened
      words={STAY_WORDS.penalty}
      fields={(frozen) => (
        <div className={classes["choices"]} role="group" aria-label="Penalty">
          {offers.penalties.map(({ penalty, title, amount_minor }) => (
            <Button
              key={penalty}
              variant={chosen === penalty ? "filled" : "default"}
              aria-pressed={chosen === penalty}
              disabled={frozen}
              onClick={() => setChosen(penalty)}
            >
              {title}, {money(amount_minor)}
            </Button>
          ))}
        </div>
      )}
      incomplete={chosen === null}
      send={async (key, reason) =>
        shown(
          await api.money.addPenalty(stay.stay_id, { penalty: chosen ?? "", reason, idempotency_key: key }),
        )
      }
      {...shared}
    />
  );
}
