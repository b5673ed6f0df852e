import type { Page } from "playwright-core";

/** Runs in the page: every visible text with the contrast of its colour to what is painted behind it (WCAG 2.2). */
const contrasts = String.raw`(() => {
  const channels = (color) => {
    const parts = color.match(/[\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 };
  };
  const over = (front, back, alpha) => front.map((value, i) => value * alpha + back[i] * (1 - alpha));
  const backgroundOf = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const layer = channels(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer.alpha === 1) break;
    }
    return layers.reverse().reduce((back, { rgb, alpha }) => over(rgb, back, alpha), [255, 255, 255]);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (element, color) => {
    const back = backgroundOf(element);
    const { rgb, alpha } = channels(color);
    const [low, high] = [luminance(over(rgb, back, alpha)), luminance(back)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (node.data.trim() !== "" && element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) {
      found.push({ text: node.data.trim().slice(0, 60), ratio: ratio(element, getComputedStyle(element).color) });
    }
  }
  for (const field of document.querySelectorAll("[placeholder]")) {
    const color = getComputedStyle(field, "::placeholder").color;
    found.push({ text: field.placeholder, ratio: ratio(field, color) });
  }
  return found;
})()`;

/** Runs in the page: elements whose content does not fit and cannot be scrolled to. */
const clipped = String.raw`[...document.querySelectorAll("body *")]
  .filter((element) => {
    const style = getComputedStyle(element);
    const shown = element.checkVisibility({ visibilityProperty: true }) && element.closest(".for-readers") === null;
    const cut = style.overflowX === "hidden" || style.overflowX === "clip";
    const box = element.getBoundingClientRect();
    const beyond = box.width > 0 && (box.right > document.documentElement.clientWidth + 1 || box.left < -1);
    const scrolls = element.closest("pre") !== null;
    const shortened = style.textOverflow === "ellipsis";
    return shown && ((cut && !shortened && element.scrollWidth > element.clientWidth + 1) || (beyond && !scrolls));
  })
  .map((element) => element.tagName + "." + element.className)`;

/** Texts below 4.5 : 1, with their ratio; and how many texts were looked at. */
export async function poorContrasts(
  page: Page,
): Promise<{ readonly seen: number; readonly poor: readonly string[] }> {
  const texts = await page.evaluate<{ text: string; ratio: number }[]>(contrasts);
  const poor = texts.filter((each) => each.ratio < 4.5);
  return { seen: texts.length, poor: poor.map((each) => `${each.ratio.toFixed(2)} ${each.text}`) };
}
/** How far the page is wider than its window, and what is cut off. */
export async function overflow(
  page: Page,
): Promise<{ readonly tooWide: number; readonly clipped: readonly string[] }> {
  return {
    tooWide: await page.evaluate<number>("Math.max(0, document.documentElement.scrollWidth - innerWidth)"),
    clipped: await page.evaluate<string[]>(clipped),
  };
}
