import { h, render } from "../vendor/preact.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import htm from "../vendor/htm.js";

/** Markup as template literals; every value in it becomes text or an attribute, never markup. */
export const html = htm.bind(h);
export { render, useEffect, useLayoutEffect, useRef, useState };
