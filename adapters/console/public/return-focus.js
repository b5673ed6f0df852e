import { useLayoutEffect, useRef } from "./html.js";

/**
 * For the button that opens something: when that is gone again, the keyboard goes on there.
 * @param {boolean} open
 */
export function useReturn(open) {
  const opener = useRef(/** @type {HTMLElement | null} */ (null));
  const wasOpen = useRef(false);
  useLayoutEffect(() => {
    if (wasOpen.current && !open) {
      opener.current?.focus();
    }
    wasOpen.current = open;
  });
  return opener;
}
