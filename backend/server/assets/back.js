// @ts-check
// The way back to the service, without a tap where scripts run.
/** @type {HTMLFormElement} */ (document.getElementById("back")).submit();
