import { Button } from "@mantine/core";
import { IconBackspace } from "@tabler/icons-react";
import { minorDigits, type Currency } from "@parkme/shared/domain/money";
import { KEYPAD_KEYS, pressKey } from "../logic/tendered.ts";
import classes from "./keypad.module.css";

type Props = {
  readonly text: string;
  readonly currency: Currency;
  readonly disabled: boolean;
  readonly onText: (text: string) => void;
};

/** Digits for fingers. Out of the tab order: whoever tabs has a keyboard and types. */
export function Keypad({ text, currency, disabled, onText }: Props) {
  return (
    <div className={classes["keypad"]} role="group" aria-label="Keypad">
      {KEYPAD_KEYS.map((key) => (
        <Button
          key={key}
          variant="default"
          className={classes["key"] ?? ""}
          tabIndex={-1}
          disabled={disabled || (key === "." && minorDigits(currency) === 0)}
          aria-label={key === "back" ? "Delete the last digit" : key}
          onClick={() => onText(pressKey(text, key, currency))}
        >
          {key === "back" ? <IconBackspace size={30} /> : key}
        </Button>
      ))}
    </div>
  );
}
