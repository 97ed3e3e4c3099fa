// Runs before the first paint, so that no page flashes in the other theme.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("penstock.theme");
  } catch (error) {
    chosen = null;
  }
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
