/** Why nothing can be done while the page does not show the present. */
export const NO_CONTACT = "No contact with the gate's computer: wait until it is back.";
