import { useState } from "react";
import { TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { FormDialog } from "../actions/form-dialog.tsx";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { useAttempt } from "../actions/use-attempt.ts";
import { OfferChoices, type ChosenOffer } from "./offer-choices.tsx";
import type { StayDialogProps } from "./stay-dialog.ts";

type Chosen = ChosenOffer | { readonly code: string };

const MAX_CODE = 256;

/** A merchant's discount: one of its offers, or the code on its slip. */
export function ValidationDialog(props: StayDialogProps) {
  const { api, stale, stay, offers, dialog, onClose, show } = props;
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const handle = useAttempt(
    async (key: string, body: Chosen) => {
      const answer = await api.money.validate(stay.stay_id, { ...body, idempotency_key: key });
      if (answer.kind === "done") show(answer.value);
      return answer;
    },
    () => {
      notifications.show({ color: "green", title: "Validation", message: "It is taken off what is due." });
      setChosen(null);
      onClose();
    },
  );
  return (
    <FormDialog
      opened={dialog === "validation"}
      size={700}
      title={`${stay.plate ?? stay.ticket_number}: validate`}
      body={chosen}
      blocked={stale ? NO_CONTACT : null}
      unanswered="It may have been done: look first. Trying again does it once only."
      confirm="Validate"
      onClose={() => {
        setChosen(null);
        onClose();
      }}
      handle={handle}
    >
      {(frozen) => (
        <>
          {offers.offers.length > 0 && (
            <OfferChoices
              offers={offers.offers}
              chosen={chosen !== null && "offer" in chosen ? chosen : null}
              disabled={frozen}
              withMerchant
              onChoose={setChosen}
            />
          )}
          <CodeField {...{ chosen, frozen }} onCode={setChosen} />
        </>
      )}
    </FormDialog>
  );
}

type CodeProps = {
  readonly chosen: Chosen | null;
  readonly frozen: boolean;
  readonly onCode: (code: Chosen | null) => void;
};

function CodeField({ chosen, frozen, onCode }: CodeProps) {
  return (
    <TextInput
      label="Or the code on the merchant's slip"
      placeholder="Scan it, or paste it"
      value={chosen !== null && "code" in chosen ? chosen.code : ""}
      onChange={(event) => {
        const code = event.currentTarget.value.slice(0, MAX_CODE);
        onCode(code.trim() === "" ? null : { code });
      }}
      autoComplete="off"
      spellCheck={false}
      readOnly={frozen}
    />
  );
}
