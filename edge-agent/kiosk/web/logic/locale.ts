/** The page speaks English with a 24-hour clock, whatever the browser is set to. */
export const LOCALE = "en-GB";
