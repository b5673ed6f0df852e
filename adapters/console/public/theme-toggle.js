import { html, useState } from "./html.js";

/** @returns {"light" | "dark"} */
function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") {
    return chosen;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Switches between light and dark and remembers it in this browser. */
export function ThemeToggle() {
  const [theme, setTheme] = useState(currentTheme);
  const other = theme === "dark" ? "light" : "dark";
  const change = () => {
    document.documentElement.dataset.theme = other;
    try {
      localStorage.setItem("countersign-theme", other);
    } catch {
      // No storage: it holds for this page.
    }
    setTheme(other);
  };
  const label = `Use the ${other} theme`;
  return html`<button type="button" class="quiet theme" onClick=${change} aria-label=${label} title=${label}>
    <span class="theme-sign"></span>
  </button>`;
}
