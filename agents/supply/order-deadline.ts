/** How long one call to a supplier's ordering system may take. */
export const orderDeadlineMs = 15_000;
