/** The place of what is done at the desk, beside the names of lanes and pay stations. */
export const DESK = "desk";
