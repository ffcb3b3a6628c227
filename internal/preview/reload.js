// Reloads the page when the preview has published again.
const seen = document.currentScript.dataset.seen;
const events = new EventSource(`/_preview/events?seen=${seen}`);
events.addEventListener("change", () => location.reload());
