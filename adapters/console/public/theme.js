// Before the first paint, so that a chosen theme never flashes; without a choice the system's counts.
(() => {
  try {
    const chosen = localStorage.getItem("countersign-theme");
    if (chosen === "light" || chosen === "dark") {
      document.documentElement.dataset.theme = chosen;
    }
  } catch {
    // No storage: the system's theme.
  }
})();
